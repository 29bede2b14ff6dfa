package provision

import (
	"cmp"
	"time"

	"golang.org/x/time/rate"
)

// Options of a run. The zero value is what most runs want: users are created, active. No number is negative.
type Options struct {
	Task            Task     // zero: Create
	Status          string   // of new users: active where it is empty, or invited
	Update          Update   // zero: existing users are not changed
	EveryonesRoles  []string // roles that every row asks for: a name that the tenant does not know ends the run
	AllowAdminRoles bool     // roles of admin level may be given, and users with one changed and disabled

	Workers  int           // requests in flight at once; 0: DefaultWorkers
	Rate     rate.Limit    // writes a second; 0: DefaultRate; rate.Inf: no pace, neither of writes nor of lookups
	Burst    int           // writes that may go at once; 0: DefaultBurst
	Attempts int           // of one row, where the tenant failed; 0: DefaultAttempts
	Patience time.Duration // end the run after this long without progress; 0: DefaultPatience
	Limit    int           // send the writes of this many rows at most, then stop in good order; 0: no limit
	NoLookup bool          // do not look up existing users first: Create without Update and Approve only

	// Timeout is the client's Options.Timeout, 0: DefaultTimeout. It bounds how long after the tenant's last Date a lost
	// create may have taken effect, and how long a tenant is waited for that never answered.
	Timeout time.Duration

	// Approve, where it is set, is called once, after every row was looked up and before the first write, with what the
	// run would send. An error ends the run before any write; it is what Run returns.
	Approve func(Plan) error

	Abort <-chan struct{} // closed: requests in flight are not waited for any longer; nil: they are
}

// A Task is the kind of write that a run sends.
type Task int

// The tasks.
const (
	Create  Task = iota // create missing users, and change existing ones where Options.Update says so
	Disable             // disable existing users
	Delete              // delete the users that a file created: Row.UserID
)

// An Update says which fields of existing users a Create brings in line. Status only enables disabled users.
type Update struct{ Name, Roles, Status bool }

func (u Update) any() bool { return u.Name || u.Roles || u.Status }

// Defaults of a run. Source: "Rate limiting" on qlik.dev.
const (
	DefaultRate     = rate.Limit(100.0 / 60) // Tier 2: 100 writes a minute
	DefaultBurst    = 500                    // counted over five minutes
	DefaultWorkers  = 16
	DefaultAttempts = 5
	DefaultPatience = 15 * time.Minute
	DefaultTimeout  = 30 * time.Second
)

const (
	lookupsPerMinute = 200
	grace            = 10 * time.Second // for requests in flight when a run is told to stop
	silence          = 15 * time.Second // without any answer since the start, or Options.Timeout where that is longer
)

func (o Options) withDefaults() Options {
	o.Status = cmp.Or(o.Status, "active")
	o.Workers = cmp.Or(o.Workers, DefaultWorkers)
	o.Rate = cmp.Or(o.Rate, DefaultRate)
	o.Burst = cmp.Or(o.Burst, DefaultBurst)
	o.Attempts = cmp.Or(o.Attempts, DefaultAttempts)
	o.Patience = cmp.Or(o.Patience, DefaultPatience)
	o.Timeout = cmp.Or(o.Timeout, DefaultTimeout)
	return o
}
