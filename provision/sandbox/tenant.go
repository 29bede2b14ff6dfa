// Package sandbox is an in-memory Qlik Cloud tenant for tests and trials: an http.Handler with the token endpoint, the
// parts of the Users and Roles APIs that provisioning uses, and a tenant's rate limits. It is reached over a socket, or
// in process through [InProcess]. Package faults wraps it where a test needs a tenant that fails.
//
// What it does follows Qlik's public reference (qlik.dev: Users and Roles with their OpenAPI descriptions, "Rate
// limiting", "Get started with OAuth machine-to-machine", the changelog on unique addresses), OAuth (RFC 6749), JSON
// Patch (RFC 6902) and the filters of SCIM (RFC 7644, section 3.4.2.2). It shares no types with any client, so a wrong
// name on the wire fails here as it does on a tenant. Where the reference is silent, either Options offers the choice,
// or a comment that starts with "Not published" says what this package does.
package sandbox

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"
)

// Tenant is an in-memory tenant. It is safe for concurrent use. Its clock is time.Now, so that testing/synctest
// controls it.
type Tenant struct {
	options Options
	id      string // 24 hexadecimal digits

	mu      sync.Mutex           // guards everything below
	records []*record            // in the order of creation, the deleted ones included
	index   map[string][]*record // by record.keys
	roles   map[string]role      // by name
	tokens  map[string]*token    // by the Authorization header that presents them
	limits  map[tier]*limiter
	stats   Stats
}

// User is a user of the tenant.
type User struct {
	ID, Subject, Name, Email string
	Status                   string    // active, invited, disabled, provisioned or deleted
	CreatedAt                time.Time // exact here, in milliseconds on the wire
	Roles                    []string  // names
}

// Options configure a Tenant. The zero value is a tenant with Qlik's published limits over a rolling window and a
// client with random credentials.
type Options struct {
	// Limit is how requests are counted; zero means LimitRolling. The client and the API key share the budgets: of Tier
	// 1 (GET) 5,000 in five minutes, of filters 200 in a minute, and Tier2.
	Limit Limit
	// Tier2 is the budget of POST, PATCH and DELETE of users. Zero means 500 in five minutes. A tenant whose only user
	// is the client's bot has half of that.
	Tier2 Budget

	// ClientID and ClientSecret are the credentials of the one M2M client; zero means random ones.
	ClientID, ClientSecret string
	// APIKey, where it is set, is accepted as a bearer token that has every scope and does not expire.
	APIKey string
	// TokenLife is how long a token is valid; zero means six hours. TokenUses is for how many requests; zero: any number.
	TokenLife time.Duration
	TokenUses int
	// Scopes are the scopes of the client; nil means admin.users and admin_classic.
	Scopes []string

	// CaseInsensitive makes subjects that differ in case only a conflict. Not published: whether a tenant does.
	CaseInsensitive bool
	// Lag is how long after a create lists and filters find the user. Conflicts, PATCH and DELETE know it at once.
	Lag time.Duration
	// Latency is how long each answer is held back. The request has taken effect by then.
	Latency time.Duration
	// MaxTerms is how many terms a filter may have, terms on the status included; zero means 100. Not published:
	// whether they count. They do here, so that a client is right either way.
	MaxTerms int

	// RolesForbidden makes GET /roles answer 403. RolesHidden leaves assignedRoles out of users, and LevelsHidden the
	// levels out of those.
	RolesForbidden, RolesHidden, LevelsHidden bool
}

// New returns a tenant without users.
func New(o Options) *Tenant {
	o.Limit = cmp.Or(o.Limit, LimitRolling)
	o.Tier2 = cmp.Or(o.Tier2, Budget{500, 5 * time.Minute})
	o.ClientID = cmp.Or(o.ClientID, randomHex(16))
	o.ClientSecret = cmp.Or(o.ClientSecret, randomHex(32))
	o.TokenLife = cmp.Or(o.TokenLife, 6*time.Hour)
	o.TokenUses = cmp.Or(o.TokenUses, math.MaxInt)
	o.MaxTerms = cmp.Or(o.MaxTerms, 100)
	if len(o.Scopes) == 0 {
		o.Scopes = []string{"admin.users", "admin_classic"}
	}
	t := &Tenant{
		options: o,
		id:      randomHex(12),
		index:   map[string][]*record{},
		roles:   defaultRoles(),
		tokens:  map[string]*token{},
		limits: map[tier]*limiter{
			tier1:      {limit: o.Limit, budget: Budget{5000, 5 * time.Minute}},
			tier2:      {limit: o.Limit, budget: o.Tier2},
			tierFilter: {limit: o.Limit, budget: Budget{200, time.Minute}},
		},
	}
	if o.APIKey != "" {
		t.tokens["Bearer "+o.APIKey] = &token{expires: time.Now().AddDate(100, 0, 0), uses: math.MaxInt, scoped: true}
	}
	return t
}

// Options returns the options of the tenant, with their defaults in the place of zeros.
func (t *Tenant) Options() Options { return t.options }

// Add puts a user on the tenant without a request, a check or a lag. An empty ID, status or creation time is filled in,
// and a role that the tenant does not have becomes a custom one.
func (t *Tenant) Add(u User) {
	t.mu.Lock()
	defer t.mu.Unlock()
	u.Roles = slices.Clone(u.Roles)
	u.Status = cmp.Or(u.Status, "active")
	u.CreatedAt = cmp.Or(u.CreatedAt, time.Now())
	for _, name := range u.Roles {
		if _, found := t.roles[name]; !found {
			t.roles[name] = newRole(name, "custom", "user")
		}
	}
	t.add(u, time.Time{})
}

// Users returns a copy of all users but the deleted ones, in the order in which they were created.
func (t *Tenant) Users() []User {
	t.mu.Lock()
	defer t.mu.Unlock()
	users := make([]User, 0, len(t.records))
	for _, r := range t.records {
		if r.Status != "deleted" {
			users = append(users, r.copy())
		}
	}
	return users
}

// User returns a copy of the user with an ID, unless it is deleted.
func (t *Tenant) User(id string) (u User, found bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.find(id)
	if r == nil {
		return User{}, false
	}
	return r.copy(), true
}

// SpendTier2 sends a request of Tier 2, as another program that uses the same client would.
func (t *Tenant) SpendTier2() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.limits[tier2].admit(time.Now())
}

// Stats counts the requests a tenant received, by endpoint and whatever the answer, and what it answered.
type Stats struct {
	Requests                                    int
	Token, Create, Patch, Delete, Filter, Roles int
	Writes                                      int // creates, patches and deletes

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
	t.stats.count(e, 0)
}

// count counts a request and the status of its answer; 0 is none.
func (s *Stats) count(e Endpoint, status int) {
	s.Requests++
	byEndpoint := map[Endpoint]*int{
		EndpointToken: &s.Token, EndpointCreate: &s.Create, EndpointPatch: &s.Patch, EndpointDelete: &s.Delete,
		EndpointFilter: &s.Filter, EndpointRoles: &s.Roles,
	}
	byStatus := map[int]*int{401: &s.Unauthorized, 409: &s.Conflicts, 429: &s.TooMany}
	for _, n := range []*int{byEndpoint[e], byStatus[status]} {
		if n != nil {
			*n++
		}
	}
	s.Writes = s.Create + s.Patch + s.Delete
}

func randomHex(bytes int) string {
	b := make([]byte, bytes)
	rand.Read(b) // never fails (Go 1.24)
	return fmt.Sprintf("%x", b)
}
