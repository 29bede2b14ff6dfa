package sandbox

// Stats counts the requests a tenant received, by endpoint and whatever the answer, and what it answered.
type Stats struct {
	Requests                                          int
	Token, Create, Patch, Delete, List, Filter, Roles int
	Writes                                            int // creates, patches and deletes

	Created, Changed, Deleted  int // users, by requests
	Conflicts                  int // 409
	TooMany                    int // 429, of all tiers
	TooManyTier1, TooManyTier2 int
	TooManyFilter              int
	TooManyToken               int
	Unauthorized               int // 401, those of the token endpoint included
	Forbidden                  int // 403
	Invalid                    int // 400 and 413
	Tokens                     int // tokens issued
}

// Stats returns the counts so far.
func (t *Tenant) Stats() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.stats
}

// Count adds n requests to an endpoint.
func (s *Stats) Count(e Endpoint, n int) {
	s.Requests += n
	if count := map[Endpoint]*int{
		EndpointToken: &s.Token, EndpointCreate: &s.Create, EndpointPatch: &s.Patch, EndpointDelete: &s.Delete,
		EndpointList: &s.List, EndpointFilter: &s.Filter, EndpointRoles: &s.Roles,
	}[e]; count != nil {
		*count += n
	}
	s.Writes = s.Create + s.Patch + s.Delete
}

// countRefusal counts an answer of a status to a request of a tier.
func (s *Stats) countRefusal(status int, of tier) {
	switch status {
	case 400, 413:
		s.Invalid++
	case 401:
		s.Unauthorized++
	case 403:
		s.Forbidden++
	case 409:
		s.Conflicts++
	case 429:
		s.TooMany++
		*[tiers]*int{&s.TooManyTier1, &s.TooManyTier2, &s.TooManyFilter, &s.TooManyToken}[of]++
	}
}
