// Package sandbox is an in-memory Qlik Cloud tenant for tests and trials: an http.Handler with the token endpoint, the
// parts of the Users and Roles APIs that provisioning uses, and a tenant's rate limits. It is reached over a socket, or
// in process through [Tenant.Transport]. Package faults wraps it where a test needs a tenant that fails.
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
	roles   []role
	tokens  map[string]*token // by the Authorization header that presents them
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

// New returns a tenant without users.
func New(o Options) *Tenant {
	o = o.withDefaults()
	t := &Tenant{
		options: o,
		id:      randomHex(12),
		index:   make(map[string][]*record),
		tokens:  make(map[string]*token),
		limits: map[tier]*limiter{
			tier1:      {limit: o.Limit, budget: Budget{5000, 5 * time.Minute}},
			tier2:      {limit: o.Limit, budget: o.Tier2},
			tierFilter: {limit: o.Limit, budget: Budget{200, time.Minute}},
		},
	}
	t.addDefaultRoles()
	if o.APIKey != "" {
		t.tokens["Bearer "+o.APIKey] = &token{expires: time.Now().AddDate(100, 0, 0), uses: -1, scoped: true}
	}
	return t
}

// ClientID returns the ID of the tenant's M2M client.
func (t *Tenant) ClientID() string { return t.options.ClientID }

// ClientSecret returns the secret of the tenant's M2M client.
func (t *Tenant) ClientSecret() string { return t.options.ClientSecret }

// Latency returns Options.Latency.
func (t *Tenant) Latency() time.Duration { return t.options.Latency }

// Add puts a user on the tenant without a request, a check or a lag. An empty ID, status or creation time is filled in,
// and a role that the tenant does not have becomes a custom one.
func (t *Tenant) Add(u User) {
	t.mu.Lock()
	defer t.mu.Unlock()
	u.Roles = slices.Clone(u.Roles)
	u.Status = cmp.Or(u.Status, "active")
	if u.CreatedAt.IsZero() {
		u.CreatedAt = time.Now()
	}
	for _, name := range u.Roles {
		if _, found := t.role(name); !found {
			t.addRole(name, "custom", "user")
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

// User returns a copy of the user with an ID, whatever its status.
func (t *Tenant) User(id string) (u User, found bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.find(id)
	if r == nil {
		return User{}, false
	}
	return r.copy(), true
}

// SpendTier2 sends n requests of Tier 2, as another program that uses the same client would.
func (t *Tenant) SpendTier2(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for range n {
		t.limits[tier2].admit(time.Now())
	}
}

func randomHex(bytes int) string {
	b := make([]byte, bytes)
	rand.Read(b) // never fails (Go 1.24)
	return fmt.Sprintf("%x", b)
}
