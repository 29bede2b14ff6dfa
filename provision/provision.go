// Package provision makes users of people: it takes rows, looks up who is on the tenant already, creates the others at the pace
// the tenant allows, and says of every row what became of it. It knows neither files nor the terminal.
package provision

import (
	"strings"
	"time"
)

// A Row is one person of an export, as it is sent: the outer white space is gone, nothing else was changed.
type Row struct {
	Number  int // the row's number in the export, from 1
	Subject string
	Name    string // may be empty
	Email   string // may be empty
}

// A State is what became of a row: the word that stands in the result file's column outcome.
type State string

// The states of a row. Only Created and Exists, and a Duplicate of one of them, are done.
const (
	Pending   State = "pending"   // not tried yet, or the run ended before it was settled
	Created   State = "created"   // a run of this file created the user
	Exists    State = "exists"    // this person was on the tenant already
	Duplicate State = "duplicate" // an earlier row is the same person under the same subject
	Invalid   State = "invalid"   // it cannot be sent
	Failed    State = "failed"    // the tenant refused it, did not answer, or the subject is another person's
)

// States lists every state, in the order in which they are reported.
func States() []State {
	return []State{Created, Exists, Duplicate, Invalid, Failed, Pending}
}

// OtherPerson is the error code of a row whose subject belongs to somebody else on the tenant.
const OtherPerson = "other-person"

// An Outcome says what became of one row.
type Outcome struct {
	Row        Row
	State      State
	UserID     string // the tenant's id of the user, where there is one
	Message    string // for people; may hold whatever the tenant said
	ErrorCode  string // the tenant's, or OtherPerson
	HTTPStatus int    // of the answer that decided, 0 for none
	TraceID    string // what the tenant's support asks for
	Attempts   int    // creates sent that count, see Options.Attempts
	FinishedAt time.Time
}

// SamePerson reports whether two rows under one subject are one person: a name or an address that both have agrees (case and
// outer space aside), or there is nothing that both have. It is the only judge of that, inside a file and on the tenant.
func SamePerson(a, b Row) bool {
	names := bothSay(a.Name, b.Name)
	emails := bothSay(a.Email, b.Email)
	if !names && !emails {
		return true
	}
	return names && sameText(a.Name, b.Name) || emails && sameText(a.Email, b.Email)
}

func bothSay(a, b string) bool {
	return strings.TrimSpace(a) != "" && strings.TrimSpace(b) != ""
}

func sameText(a, b string) bool {
	return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b))
}
