package sandbox

import (
	"cmp"
	"time"
)

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

func (o Options) withDefaults() Options {
	o.Limit = cmp.Or(o.Limit, LimitRolling)
	o.Tier2 = cmp.Or(o.Tier2, Budget{500, 5 * time.Minute})
	o.ClientID = cmp.Or(o.ClientID, randomHex(16))
	o.ClientSecret = cmp.Or(o.ClientSecret, randomHex(32))
	o.TokenLife = cmp.Or(o.TokenLife, 6*time.Hour)
	o.TokenUses = cmp.Or(o.TokenUses, -1)
	o.MaxTerms = cmp.Or(o.MaxTerms, 100)
	if len(o.Scopes) == 0 {
		o.Scopes = []string{"admin.users", "admin_classic"}
	}
	return o
}
