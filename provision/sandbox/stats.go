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
	t.stats.count(e, nil)
}

// count counts a request and its refusal, nil for none.
func (s *Stats) count(e Endpoint, ref *refusal) {
	s.Requests++
	if requests := map[Endpoint]*int{
		EndpointToken: &s.Token, EndpointCreate: &s.Create, EndpointPatch: &s.Patch, EndpointDelete: &s.Delete,
		EndpointList: &s.List, EndpointFilter: &s.Filter, EndpointRoles: &s.Roles,
	}[e]; requests != nil {
		*requests++
	}
	s.Writes = s.Create + s.Patch + s.Delete
	switch {
	case ref == nil:
	case ref.status == 401:
		s.Unauthorized++
	case ref.status == 409:
		s.Conflicts++
	case ref.status == 429:
		s.TooMany++
	}
}
