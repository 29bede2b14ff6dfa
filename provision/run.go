package provision

import (
	"context"
	"time"

	"golang.org/x/time/rate"

	"qlik-provision/provision/qlik"
)

// A Task is the kind of write that a run sends.
type Task int

// The tasks.
const (
	Create  Task = iota // create missing users, and change existing ones where Options.Update says so
	Disable             // disable existing users
	Delete              // delete the users that a file created: Row.UserID
)

// An Update says which fields of existing users a Create brings in line.
type Update struct{ Name, Roles, Status bool }

// Defaults of a run. Source: "Rate limiting" on qlik.dev.
const (
	DefaultRate     = rate.Limit(100.0 / 60) // Tier 2: 100 writes a minute
	DefaultBurst    = 500                    // counted over five minutes
	DefaultWorkers  = 16
	DefaultAttempts = 5
	DefaultPatience = 15 * time.Minute
)

// Options of a run. The zero value is what most runs want: users are created, active.
type Options struct {
	Task            Task
	Status          string // of new users: active where it is empty, or invited
	Update          Update
	EveryonesRoles  []string // roles that every row asks for: a name that the tenant does not know ends the run
	AllowAdminRoles bool     // roles of admin level may be given, and users with one changed and disabled

	Workers  int           // requests in flight at once
	Rate     rate.Limit    // writes a second; rate.Inf: as many as the tenant takes, and as many lookups
	Burst    int           // writes that may go at once
	Attempts int           // of one row, where the tenant failed
	Patience time.Duration // end the run after this long without progress
	Timeout  time.Duration // of one request, as the client has it; 30 s where it is 0
	Limit    int           // send this many rows' writes at most, then stop in good order; 0: no limit
	NoLookup bool          // do not look up existing users first: Create without Update only

	// Approve, where it is set, is called once, after every row was looked up and before the first write, with what the run would
	// send. An error ends the run before any write; it is what Run returns.
	Approve func(Plan) error

	Hurry  <-chan struct{} // closed: requests in flight are not waited for any longer
	Notify func(string)    // takes a line that is worth knowing; is safe for concurrent use
}

// A Plan is what a run would send.
type Plan struct {
	Create, Change, Disable, Delete int // rows that need such a write
	Existing, Conflicts             int // rows that lookups settled as existing, as a conflict
	Estimate                        time.Duration
}

// Writes is how many writes the plan needs.
func (p Plan) Writes() int { return p.Create + p.Change + p.Disable + p.Delete }

// A Run is one run over the rows of a file. It is used once.
type Run struct{ options Options }

// New prepares a run. Nothing is sent yet.
func New(client *qlik.Client, o Options) *Run { return &Run{o} }

// Run brings the tenant in line with rows, and records the result of every row that was settled.
//
// record is called concurrently; it returns when the result is safe, and only then does its worker take the next row. A row that failed is a result. The
// error is that of a run that could not go on, all of them joined: ErrScope, ErrPatience, ErrUnreachable, ErrRefusedAll, ErrRole, ErrRolesHidden,
// qlik.ErrCredentials, qlik.ErrNotTenant, what record or Approve returned, or the context's cause. Rows that were not settled are not
// recorded, or recorded as Pending where there is something to say of them.
//
// Preconditions: row numbers are unique, subjects are not empty, record is not nil; Run fails before any request where they do not hold.
func (r *Run) Run(ctx context.Context, rows []Row, record func(Result) error) error { panic("not yet") }

// Progress is how far the run is. It is safe for concurrent use with Run.
func (r *Run) Progress() Progress { panic("not yet") }

// A Promise is what a result file says of a row, for Verify.
type Promise struct {
	Row     Row
	Outcome Outcome
	Code    string
	UserID  string
}

// A Difference is a row whose user is not what its outcome promises.
type Difference struct {
	Number  int
	Outcome Outcome
	Message string
}

// Verify looks every row up and compares the users with what the outcomes promise. It changes nothing, neither on the tenant nor in a file.
func (r *Run) Verify(ctx context.Context, rows []Promise) ([]Difference, error) { panic("not yet") }

// Estimate is how long so many writes take at a rate, after a burst.
func Estimate(writes int, pace rate.Limit, burst int) time.Duration { panic("not yet") }
