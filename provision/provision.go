// Package provision brings the users of a Qlik Cloud tenant in line with a list of people: it looks up existing users,
// sends the writes that are needed at the pace the tenant allows, and records the outcome of every row. It knows
// neither files nor the terminal.
package provision

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"qlik-provision/provision/text"
)

// A Person is what a row says of somebody, as it is sent: trimmed, otherwise unchanged.
type Person struct {
	Subject string   `csv:"subject"`
	Name    string   `csv:"name"`  // may be empty
	Email   string   `csv:"email"` // may be empty
	Roles   RoleList `csv:"roles"` // names of Qlik roles; may be empty
}

// Describe is the person's name and email, as messages show them: Ada Byron <ada@acme.example>
func (p Person) Describe() string {
	name, email := text.Clip(p.Name, 160), text.Clip(p.Email, 160) // bytes
	if name != "" && email != "" {
		email = " <" + email + ">"
	}
	return cmp.Or(name+email, "a person without name and email")
}

// A Row is a row that a run works on, with what earlier runs of the same file left open.
type Row struct {
	Number int // from 1, unique in a run
	Person Person

	// LookupOnly keeps a row of a Create from being written: it contradicts another row of the file. It is looked up, and
	// may turn out as an existing user or a conflict; otherwise nothing is recorded.
	LookupOnly bool
	// SentAt is the tenant's Date before the first write of this row in an earlier run, where the outcome of that write
	// was never learned; zero where nothing is unconfirmed.
	SentAt time.Time
	// ChangedUser is the ID of the user that an earlier run sent a change of that is unconfirmed; else empty.
	ChangedUser string
	// UserID is the user that a run of this file created, for a Delete; the row is looked up by it.
	UserID string
}

// An Outcome is the word in the result file's outcome column.
type Outcome string

// The outcomes. Done reports which of them leave nothing to do.
const (
	Pending   Outcome = "pending"   // not tried yet, or the run ended before it was settled
	Created   Outcome = "created"   // a run of this file created the user
	Exists    Outcome = "exists"    // this person already has a user
	Updated   Outcome = "updated"   // existed, and a run of this file changed it
	Disabled  Outcome = "disabled"  // a run of this file disabled the user
	Unchanged Outcome = "unchanged" // disable: already disabled, or no such user
	Skipped   Outcome = "skipped"   // left out by a condition
	Deleted   Outcome = "deleted"   // created by this file, then deleted by undo
	Duplicate Outcome = "duplicate" // an earlier row is the same person: as that row
	Invalid   Outcome = "invalid"   // cannot be sent
	Failed    Outcome = "failed"    // the tenant refused it, or a conflict
)

// Outcomes lists every outcome in the order in which they are reported.
func Outcomes() []Outcome {
	return []Outcome{Created, Exists, Updated, Disabled, Unchanged, Skipped, Deleted, Duplicate, Invalid, Failed, Pending}
}

// Done reports whether an outcome leaves nothing to do. A Duplicate is done where the row that it duplicates is.
func (o Outcome) Done() bool {
	return slices.Contains([]Outcome{Created, Exists, Updated, Disabled, Unchanged, Skipped, Deleted}, o)
}

// Our own codes, for Result.Code and the result file's code column. Others are the tenant's.
const (
	CodeNoSubject        = "no-subject"
	CodeBadSubject       = "bad-subject"
	CodeNotAPerson       = "not-a-person"
	CodeBadEmail         = "bad-email"
	CodeNoEmail          = "no-email"
	CodeBadName          = "bad-name"
	CodeErrorValue       = "error-value"
	CodeHeaderRow        = "header-row"
	CodeSubjectTwice     = "subject-twice"
	CodeEmailTwice       = "email-twice"
	CodeUnknownRole      = "unknown-role"
	CodeAdminRole        = "admin-role"
	CodeSubjectConflict  = "subject-conflict"
	CodeNotCreatedHere   = "not-created-here"
	CodeEmailConflict    = "email-conflict"
	CodeLookupRefused    = "lookup-refused"
	CodeNotFound         = "not-found"
	CodeConflictNotFound = "conflict-not-found"
	CodeMaybeCreated     = "maybe-created"
	CodeMaybeChanged     = "maybe-changed"
	CodeDiffers          = "differs"
	CodeDisabled         = "disabled"
	CodeEmailMatch       = "email-match"
)

// A Result is everything recorded about one row.
//
// A Result that is Pending with CodeMaybeCreated says that a write was or is about to be sent whose outcome is not
// known; FinishedAt is then the tenant's Date before it (Row.SentAt in the next run). A run records such a Result
// before a create of a row of which none is unconfirmed; it records another Result when the row is finished.
type Result struct {
	Number     int
	Outcome    Outcome
	Code       string // machine-readable reason: the tenant's, or one of ours
	Message    string // for people; may hold whatever the tenant said
	UserID     string // the tenant's ID of the user, where there is one
	HTTPStatus int    // of the answer that decided, 0 for none
	TraceID    string // what Qlik's support asks for
	Attempts   int    // writes sent that count
	FinishedAt time.Time
}

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

const (
	Create  Task = iota // create missing users, and change existing ones where Options.Update says so
	Disable             // disable existing users
	Delete              // delete the users that a file created: Row.UserID
)

// An Update says which fields of existing users a Create brings in line. Status only enables disabled users.
type Update struct{ Name, Roles, Status bool }

// Defaults of a run, and figures that are fixed. Source: "Rate limiting" on qlik.dev.
const (
	DefaultRate     = rate.Limit(100.0 / 60) // Tier 2: 100 writes a minute
	DefaultBurst    = 500                    // counted over five minutes
	DefaultWorkers  = 16
	DefaultAttempts = 5
	DefaultPatience = 15 * time.Minute
	DefaultTimeout  = 30 * time.Second

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
	o.Limit = cmp.Or(o.Limit, math.MaxInt32)
	return o
}

// Why a run cannot go on, for errors.Is. The errors of package qlik come beside them: ErrCredentials, ErrNotTenant.
var (
	ErrScope       = errors.New("the client may not write users")
	ErrPatience    = errors.New("no progress")
	ErrUnreachable = errors.New("the tenant does not answer")
	ErrRefusedAll  = errors.New("every write was refused")            // the first 20, all with one code
	ErrUnreadable  = errors.New("the answers cannot be read")         // those to 20 writes in a row
	ErrLookups     = errors.New("the tenant does not answer lookups") // refused all, or out of patience
	ErrRole        = errors.New("no such role")                       // of Options.EveryonesRoles
	ErrRolesHidden = errors.New("the levels of roles could not be determined")
)
