// Package sandbox is a Qlik Cloud tenant in memory: an http.Handler with the token endpoint, the part of the users API that provisioning needs, the
// rate limits of a tenant, and faults to order. Tests and trial runs use it in place of a tenant, over a socket or through [Tenant.Transport].
//
// What it does comes from Qlik's public reference (qlik.dev: the users REST reference, "Rate limiting", "Get started with OAuth
// machine-to-machine", RFC 6749 and RFC 7644 where those refer to them). It shares no type with any client: a wrong name on the wire
// fails here as it would there. Where the reference is silent the choice is written down beside the code.
package sandbox

import (
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// Options are what a tenant is made with. The zero value is a tenant with Qlik's published limits over a rolling window, a client
// made up at random, and no faults.
type Options struct {
	// Limit says how the budgets are counted; zero: LimitRolling.
	Limit Limit
	// Tier1 (most GETs, count), Tier2 (create) and Filter are budgets of their own. Zero: 5000 and 500 in five minutes, 200 in one
	// minute. Token is that of the token endpoint; zero: unlimited.
	Tier1, Tier2, Filter, Token Budget

	// ClientID and ClientSecret are those of the one M2M client; zero: made up at random. APIKey is taken as a bearer token, with
	// every scope and for ever, where it is set. Client and key spend the same budgets.
	ClientID, ClientSecret, APIKey string
	// TokenLife is how long a token lives; zero: six hours. TokenUses, above zero, is how many requests it lives for.
	TokenLife time.Duration
	TokenUses int
	// Scopes are what the client may ask for; zero: admin.users and admin_classic.
	Scopes []string

	// CaseInsensitive makes subjects that differ in case only collide (409). Which of the two a tenant does is not published.
	CaseInsensitive bool
	// Lag is how long after its creation a list, filter or count finds a user; a 409 and a GET by id know at once.
	Lag time.Duration
	// Latency is how long each answer is held back. The request has had its effect by then: whoever hangs up early cannot know.
	Latency time.Duration
	// MaxTerms is how many terms a filter may have; zero: 100.
	MaxTerms int
	// Seed starts the draws of faults with a Rate.
	Seed uint64
}

// User is a user of the tenant. CreatedAt is exact; on the wire it has milliseconds. Roles are names (ids where a create gave ids).
type User struct {
	ID, TenantID, Subject, Name, Email, Status string
	CreatedAt                                  time.Time
	Roles                                      []string
}

// Stats counts requests by endpoint as they arrive, and what became of them.
type Stats struct {
	Requests                                int
	Token, Create, List, Get, Filter, Count int // requests by endpoint, whatever the answer
	Created                                 int // users made by requests
	Conflicts                               int // 409
	TooMany                                 int // 429 of our own limits, all tiers
	TooManyTier1, TooManyTier2              int
	TooManyFilter, TooManyToken             int
	Unauthorized                            int // 401 of our own, the token endpoint's too
	Forbidden                               int // 403 of our own
	Invalid                                 int // 400 and 413 of our own
	Faulted                                 int // requests that a fault struck
	Tokens                                  int // tokens given out
}

// Tenant is a tenant in memory. All its methods may be called at once. Its clock is time.Now, so testing/synctest rules it.
type Tenant struct {
	o        Options
	tenantID string
	born     time.Time

	mu     sync.Mutex // guards everything below
	dir    directory
	tokens map[string]*token
	limits [tiers]limiter
	faults []*injected
	draws  *mathrand.Rand // for faults; seeded
	ids    *mathrand.Rand // for trace ids
	stats  Stats
}

// New makes a tenant with nobody on it.
func New(o Options) *Tenant {
	setBudget := func(b *Budget, requests int, window time.Duration) {
		if b.Requests <= 0 || b.Window <= 0 {
			*b = Budget{requests, window}
		}
	}
	setBudget(&o.Tier1, 5000, 5*time.Minute)
	setBudget(&o.Tier2, 500, 5*time.Minute)
	setBudget(&o.Filter, 200, time.Minute)
	if o.Limit == "" {
		o.Limit = LimitRolling
	}
	if o.ClientID == "" {
		o.ClientID = randomHex(16)
	}
	if o.ClientSecret == "" {
		o.ClientSecret = randomHex(32)
	}
	if o.TokenLife <= 0 {
		o.TokenLife = 6 * time.Hour
	}
	if len(o.Scopes) == 0 {
		o.Scopes = []string{"admin.users", "admin_classic"}
	}
	if o.MaxTerms <= 0 {
		o.MaxTerms = 100
	}
	t := &Tenant{
		o:        o,
		tenantID: rand.Text(),
		born:     time.Now(),
		dir:      newDirectory(o.CaseInsensitive),
		tokens:   make(map[string]*token),
		draws:    mathrand.New(mathrand.NewPCG(o.Seed, 0)),
		ids:      mathrand.New(mathrand.NewPCG(mathrand.Uint64(), mathrand.Uint64())),
	}
	for tier, b := range map[tier]Budget{tier1: o.Tier1, tier2: o.Tier2, tierFilter: o.Filter, tierToken: o.Token} {
		t.limits[tier] = newLimiter(o.Limit, b)
	}
	return t
}

// ClientID is the id of the tenant's M2M client.
func (t *Tenant) ClientID() string { return t.o.ClientID }

// ClientSecret is the secret of the tenant's M2M client.
func (t *Tenant) ClientSecret() string { return t.o.ClientSecret }

// Add puts a user there without a request: no budget, no checks. An empty id, tenant, status or creation time is filled in. Every
// lookup finds the user at once.
func (t *Tenant) Add(u User) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if u.CreatedAt.IsZero() {
		u.CreatedAt = now
	}
	if u.ID == "" {
		u.ID = t.dir.newID(u.CreatedAt)
	}
	if u.TenantID == "" {
		u.TenantID = t.tenantID
	}
	if u.Status == "" {
		u.Status = "active"
	}
	roles := make([]role, len(u.Roles))
	for i, name := range u.Roles {
		roles[i] = role{Name: name}
	}
	t.dir.add(&record{User: u, roles: roles})
}

// Users is a copy of everybody on the tenant, in the order in which they were put there.
func (t *Tenant) Users() []User {
	t.mu.Lock()
	records := t.dir.records
	t.mu.Unlock()
	users := make([]User, len(records))
	for i, r := range records {
		users[i] = r.User
		users[i].Roles = append([]string(nil), r.User.Roles...)
	}
	return users
}

// SpendTier2 has somebody else send n creates now: they count as accepted, but never more than is left. It returns how many were.
func (t *Tenant) SpendTier2(n int) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	spent := 0
	for now := t.elapsed(); spent < n && t.limits[tier2].left(now); spent++ {
		t.limits[tier2].take(now)
	}
	return spent
}

// Stats are the counts so far.
func (t *Tenant) Stats() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.stats
}

// ServeHTTP answers one request over a socket.
func (t *Tenant) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rep, err := t.answer(r)
	if err != nil { // the client is gone
		panic(http.ErrAbortHandler)
	}
	rep.writeTo(w, r)
}

// elapsed is the tenant's clock for limits and faults: monotonic nanoseconds since New.
func (t *Tenant) elapsed() time.Duration { return time.Since(t.born) }

func randomHex(bytes int) string {
	b := make([]byte, bytes)
	rand.Read(b) // never fails (Go 1.24)
	return fmt.Sprintf("%x", b)
}
