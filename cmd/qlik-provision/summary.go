package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"time"
	"unicode/utf8"

	"qlik-provision/provision"
	"qlik-provision/report"
)

// A summary is how a run ended: what --json prints. Its names are part of the contract; new ones may come. A count that
// was not looked up is null.
type summary struct {
	Rows      int  `json:"rows"`
	Created   *int `json:"created"`
	Exists    *int `json:"exists"`
	Updated   *int `json:"updated"`
	Disabled  *int `json:"disabled"`
	Unchanged *int `json:"unchanged"`
	Skipped   *int `json:"skipped"`
	Deleted   *int `json:"deleted"`
	Duplicate *int `json:"duplicate"`
	Invalid   *int `json:"invalid"`
	Failed    *int `json:"failed"`
	Pending   *int `json:"pending"`

	Codes map[string]int            `json:"codes"` // rows per code
	Run   map[provision.Outcome]int `json:"run"`   // rows per outcome that this run finished

	Writes    *int              `json:"writes"`            // needed, for a plan; sent, for a run
	Estimated *float64          `json:"estimated_seconds"` // of a plan
	Seconds   float64           `json:"seconds"`           // of this run
	Waited    float64           `json:"waited_seconds"`    // of them, with no write sent because the run had to wait
	Columns   map[string]string `json:"columns"`           // source of subject, name, email, roles
	Results   string            `json:"results"`           // the result file; empty for a plan without one
	Tenant    string            `json:"tenant"`
	Differing *int              `json:"differing,omitempty"` // rows that are not as the file says, of verify
	Exit      int               `json:"exit"`
	Error     string            `json:"error"` // empty where exit is 0
	Hint      string            `json:"hint"`
}

// countsOf are the summary's counts by outcome.
func (s *summary) countsOf() map[provision.Outcome]**int {
	return map[provision.Outcome]**int{
		provision.Created: &s.Created, provision.Exists: &s.Exists, provision.Updated: &s.Updated,
		provision.Disabled: &s.Disabled, provision.Unchanged: &s.Unchanged, provision.Skipped: &s.Skipped,
		provision.Deleted: &s.Deleted, provision.Duplicate: &s.Duplicate, provision.Invalid: &s.Invalid,
		provision.Failed: &s.Failed, provision.Pending: &s.Pending,
	}
}

// summarize makes the summary of a run that ended with f, nil for exit 0.
func (s *session) summarize(total *report.Summary, f *failure) *summary {
	action := s.ledger.Action()
	sum := &summary{
		Rows: total.Rows, Codes: total.Codes, Run: total.Run, Results: s.path, Tenant: s.config.tenantName(),
		Seconds: seconds(s.took), Waited: seconds(s.progress.Waited),
		Columns: columnsOf(action),
	}
	for outcome, count := range sum.countsOf() {
		n := total.Counts[outcome]
		*count = &n
	}
	if s.unchecked() {
		sum.Exists, sum.Failed = nil, nil
	}
	switch {
	case s.plan != nil && s.planOnly:
		writes, estimate := s.plan.Writes(), seconds(s.plan.Estimate)
		sum.Writes, sum.Estimated = &writes, &estimate
	case !s.planOnly:
		writes := s.progress.Writes
		sum.Writes = &writes
	case s.nothingPending():
		sum.Writes, sum.Estimated = new(int), new(float64)
	}
	if f != nil {
		sum.Exit, sum.Error, sum.Hint = f.code, f.Error(), f.hint
	}
	return sum
}

func columnsOf(a report.Action) map[string]string {
	return map[string]string{"subject": a.Subject, "name": a.Name, "email": a.Email, "roles": a.Roles}
}

// unchecked reports whether a plan did not look everybody up: what exists on the tenant is not known.
func (s *session) unchecked() bool { return s.planOnly && s.plan == nil && !s.nothingPending() }

func (s *session) nothingPending() bool { return len(s.ledger.Pending()) == 0 && !s.config.offline }

// write prints the summary as one JSON object on a line, in ASCII: some consoles decode a program's output as
// they like.
func (s *summary) write(w io.Writer) error {
	b, err := json.Marshal(s)
	if err == nil {
		_, err = w.Write(append(inASCII(b), '\n'))
	}
	if err != nil {
		return fmt.Errorf("printing the summary: %w", err)
	}
	return nil
}

// inASCII is JSON with every character beyond ASCII escaped, and every one that a terminal would obey.
func inASCII(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for _, r := range string(b) {
		switch {
		case r < utf8.RuneSelf && r != 0x7f:
			out = append(out, byte(r))
		case r > 0xffff:
			high, low := 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return out
}

func seconds(d time.Duration) float64 { return math.Round(d.Seconds()*1000) / 1000 }

func writeAll(w io.Writer, s string) error {
	_, err := io.WriteString(w, s)
	return err
}
