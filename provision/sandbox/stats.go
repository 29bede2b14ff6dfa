package sandbox

// Stats counts the requests a tenant received, by endpoint and whatever the answer, and what it answered.
type Stats struct {
	Requests                                          int
	Token, Create, Patch, Delete, List, Filter, Roles int
	Writes                                            int // creates, patches and deletes

	Created, Changed, Deleted int // users, by requests
	Unauthorized              int // 401, those of the token endpoint included
	Conflicts                 int // 409
	TooMany                   int // 429
}

// Stats returns the counts so far.
func (t *Tenant) Stats() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.stats
}

// Count counts a request that package faults answers in the place of the tenant.
func (t *Tenant) Count(e Endpoint) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stats.countRequest(e)
}

func (s *Stats) countRequest(e Endpoint) {
	s.Requests++
	if count := map[Endpoint]*int{
		EndpointToken: &s.Token, EndpointCreate: &s.Create, EndpointPatch: &s.Patch, EndpointDelete: &s.Delete,
		EndpointList: &s.List, EndpointFilter: &s.Filter, EndpointRoles: &s.Roles,
	}[e]; count != nil {
		*count++
	}
	s.Writes = s.Create + s.Patch + s.Delete
}

func (s *Stats) countRefusal(status int) {
	switch status {
	case 401:
		s.Unauthorized++
	case 409:
		s.Conflicts++
	case 429:
		s.TooMany++
	}
}
