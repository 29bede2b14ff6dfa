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
	switch e {
	case EndpointToken:
		s.Token += n
	case EndpointCreate:
		s.Create += n
	case EndpointPatch:
		s.Patch += n
	case EndpointDelete:
		s.Delete += n
	case EndpointList:
		s.List += n
	case EndpointFilter:
		s.Filter += n
	case EndpointRoles:
		s.Roles += n
	}
	s.Writes = s.Create + s.Patch + s.Delete
}

func (s *Stats) countTooMany(of tier) {
	s.TooMany++
	switch of {
	case tier1:
		s.TooManyTier1++
	case tier2:
		s.TooManyTier2++
	case tierFilter:
		s.TooManyFilter++
	case tierToken:
		s.TooManyToken++
	}
}

func (s *Stats) countRefusal(status int) {
	switch status {
	case 400, 413:
		s.Invalid++
	case 401:
		s.Unauthorized++
	case 403:
		s.Forbidden++
	case 409:
		s.Conflicts++
	}
}
