package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"time"
	"unicode/utf16"

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

// newSummary makes the summary of a result file; what a run took is not in it.
func newSummary(c *config, r *report.Results, total *report.Summary) summary {
	a := r.Action
	count := func(o provision.Outcome) *int { return new(total.Counts[o]) }
	return summary{
		Rows: total.Rows, Created: count(provision.Created), Exists: count(provision.Exists),
		Updated: count(provision.Updated), Disabled: count(provision.Disabled), Unchanged: count(provision.Unchanged),
		Skipped: count(provision.Skipped), Deleted: count(provision.Deleted), Duplicate: count(provision.Duplicate),
		Invalid: count(provision.Invalid), Failed: count(provision.Failed), Pending: count(provision.Pending),
		Codes: total.Codes, Run: total.Run, Results: r.Path, Tenant: c.tenantName(),
		Columns: map[string]string{"subject": a.Subject, "name": a.Name, "email": a.Email, "roles": a.Roles},
	}
}

// write prints the summary of a command that ended with f, nil for exit 0, as one JSON object on a line. It is in
// ASCII, since some consoles decode a program's output as they like, and holds nothing that a terminal would obey.
func (s summary) write(w io.Writer, f *failure) error {
	if f != nil {
		s.Exit, s.Error, s.Hint = f.code, f.Error(), f.hint
	}
	b, err := json.Marshal(s)
	var line []byte
	for _, r := range string(b) {
		if r < 0x7f {
			line = append(line, byte(r))
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			line = fmt.Appendf(line, `\u%04x`, unit)
		}
	}
	if err == nil {
		_, err = w.Write(append(line, '\n'))
	}
	if err != nil {
		return fmt.Errorf("printing the summary: %w", err)
	}
	return nil
}

func seconds(d time.Duration) float64 { return math.Round(d.Seconds()*1000) / 1000 }
