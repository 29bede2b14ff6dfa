package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"qlik-provision/provision"
	"qlik-provision/report"
)

// summary is how a run ended: what --json prints. Its names are part of the contract; new ones may come.
type summary struct {
	Rows      int     `json:"rows"`
	Created   int     `json:"created"`
	Exists    int     `json:"exists"`
	Duplicate int     `json:"duplicate"`
	Invalid   int     `json:"invalid"`
	Failed    int     `json:"failed"`
	Pending   int     `json:"pending"`
	Differing int     `json:"exists_differing"` // of those that exist: name, email, subject or status are not the export's
	Disabled  int     `json:"exists_disabled"`  // of those that exist: they cannot log in
	Seconds   float64 `json:"seconds"`          // of this run
	Waited    float64 `json:"waited_seconds"`   // of them, with nothing to do but wait for the tenant
	Results   string  `json:"results"`          // the result file; empty for a plan without one
	Tenant    string  `json:"tenant"`
	Exit      int     `json:"exit"`
	Error     string  `json:"error"` // empty where exit is 0
	Hint      string  `json:"hint"`

	notDone   int
	strangers bool // rows failed because their subject is another person's
	unasked   bool // a plan did not ask the tenant who is there
	cutShort  bool // a plan did not ask to its end
}

func (s *summary) fill(total *report.Summary) {
	s.Rows = total.Rows
	for state, n := range map[provision.State]*int{
		provision.Created: &s.Created, provision.Exists: &s.Exists, provision.Duplicate: &s.Duplicate,
		provision.Invalid: &s.Invalid, provision.Failed: &s.Failed, provision.Pending: &s.Pending,
	} {
		*n = total.Counts[state]
	}
	s.Differing, s.Disabled, s.notDone = total.Differing, total.Disabled, total.NotDone
	s.Tenant = total.Tenant
	s.strangers = slices.ContainsFunc(total.Causes, func(c report.Cause) bool { return c.Code == provision.OtherPerson })
}

// write prints the summary as one JSON object on a line.
func (s *summary) write(w io.Writer) error {
	b, err := json.Marshal(s)
	if err == nil {
		_, err = w.Write(append(unobeyed(b), '\n'))
	}
	if err != nil {
		return fmt.Errorf("printing the summary: %w", err)
	}
	return nil
}

// unobeyed is JSON in which whatever a terminal would act on is escaped: encoding/json leaves the eight-bit control characters as they are.
func unobeyed(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for _, r := range string(b) {
		if obeyed(r) {
			out = fmt.Appendf(out, `\u%04x`, r)
			continue
		}
		out = utf8.AppendRune(out, r)
	}
	return out
}

func seconds(d time.Duration) float64 { return math.Round(d.Seconds()*1000) / 1000 }

// table is the summary for people.
func (s *summary) table(u *ui, c *config, total *report.Summary, plan bool) string {
	var b strings.Builder
	b.WriteByte('\n')
	for _, line := range s.lines(plan) {
		if line.n == 0 && line.optional {
			continue
		}
		count := fmt.Sprintf("%*s", len(grouped(s.Rows)), grouped(line.n))
		if line.n > 0 {
			count = u.paint(line.colour, count)
		}
		fmt.Fprintf(&b, "  %-*s %s%s\n", widest, line.label, count, prefixed("  ", line.more))
	}
	if plan && s.Pending > 0 && !s.cutShort {
		b.WriteString("\n" + wrap(s.cost(c), u.columns(), "  ", "  "))
	}
	if causes := s.causes(u, total); causes != "" {
		b.WriteString("\n" + causes)
	}
	b.WriteByte('\n')
	return b.String()
}

// cost says what the creates of a plan take of the tenant's budget.
func (s *summary) cost(c *config) string {
	if c.rate == "off" {
		return plural(s.Pending, "create") + ", as fast as the tenant takes them"
	}
	soonest := provision.Estimate(s.Pending, c.run.Rate, c.run.Burst)
	cost := fmt.Sprintf("%s, %s at a limit of %s (%s at once)", plural(s.Pending, "create"), about(soonest), c.rate, grouped(c.burst))
	// Where the limit is counted in windows, which is what Qlik's reference hints at, each burst is followed by a whole one.
	window := time.Duration(float64(c.run.Burst) / float64(c.run.Rate) * float64(time.Second))
	if latest := time.Duration((s.Pending-1)/c.run.Burst) * window; latest >= 10*time.Second && latest > soonest+soonest/10 {
		cost += "; up to " + spelled(latest) + " where the tenant counts in windows"
	}
	return cost
}

func about(d time.Duration) string {
	if d < 10*time.Second {
		return "a few seconds"
	}
	return "about " + spelled(d)
}

// spelled writes a duration in words, two units at most: 1 min 24 s, 5 min, 2 h 5 min.
func spelled(d time.Duration) string {
	d = d.Round(time.Second)
	if d >= time.Hour {
		d = d.Round(time.Minute)
	}
	var units []string
	for _, u := range []struct {
		n    int
		name string
	}{{int(d.Hours()), "h"}, {int(d.Minutes()) % 60, "min"}, {int(d.Seconds()) % 60, "s"}} {
		if u.n > 0 {
			units = append(units, fmt.Sprintf("%d %s", u.n, u.name))
		}
	}
	return strings.Join(units, " ")
}

const widest = len("somebody else's")

type line struct {
	label    string
	n        int
	colour   colour
	more     string
	optional bool // left out where there are none
}

func (s *summary) lines(plan bool) []line {
	var there []string
	if s.Differing > 0 {
		there = append(there, grouped(s.Differing)+" with other data")
	}
	if s.Disabled > 0 {
		there = append(there, grouped(s.Disabled)+" disabled")
	}
	differing := strings.Join(there, ", ")
	if plan {
		wanting := line{"to create", s.Pending, green, "", false}
		if s.cutShort {
			wanting = line{"not looked up", s.Pending, yellow, "", false}
		}
		return []line{
			{"rows", s.Rows, bold, "", false},
			wanting,
			{"there already", s.Exists, green, differing, s.unasked},
			{"created before", s.Created, green, "", true},
			{"duplicate", s.Duplicate, green, "", false},
			{"invalid", s.Invalid, red, "", false},
			{"somebody else's", s.Failed, red, "", s.unasked},
		}
	}
	took := "in " + duration(s.Seconds)
	if s.Waited >= 1 {
		took += ", " + duration(s.Waited) + " of it waiting"
	}
	return []line{
		{"rows", s.Rows, bold, took, false},
		{string(provision.Created), s.Created, green, "", false},
		{string(provision.Exists), s.Exists, green, differing, false},
		{string(provision.Duplicate), s.Duplicate, green, "", false},
		{string(provision.Invalid), s.Invalid, red, "", false},
		{string(provision.Failed), s.Failed, red, "", false},
		{string(provision.Pending), s.Pending, yellow, "", false},
	}
}

func duration(seconds float64) string {
	if seconds < 10 {
		return fmt.Sprintf("%.1fs", seconds)
	}
	return short(time.Duration(seconds * float64(time.Second)))
}

// mostCauses is how many causes are shown; the result file has them all.
const mostCauses = 10

// causes groups the rows that are not done by why they are not.
func (s *summary) causes(u *ui, total *report.Summary) string {
	var b strings.Builder
	shown := 0
	for _, c := range total.Causes {
		if shown++; shown > mostCauses {
			continue
		}
		text := fmt.Sprintf("%s × %s", grouped(c.Count), strings.Join(words(string(c.State)+":", c.Code, c.Message), " "))
		numbers := make([]string, len(c.Rows))
		for i, n := range c.Rows {
			numbers[i] = fmt.Sprint(n)
		}
		text += ", row" + strings.Repeat("s", min(len(numbers)-1, 1)) + " " + strings.Join(numbers, ", ")
		if c.Count > len(c.Rows) {
			text += " …"
		}
		b.WriteString(wrap(printable(text), u.columns(), "  ", "      "))
	}
	if more := shown - mostCauses; more > 0 {
		fmt.Fprintf(&b, "  and %s\n", plural(more, "other cause"))
	}
	return b.String()
}

func words(ws ...string) (kept []string) {
	for _, w := range ws {
		if w != "" {
			kept = append(kept, w)
		}
	}
	return kept
}

// wrap breaks text at spaces into lines no wider than columns, where its words are not wider themselves.
func wrap(text string, columns int, first, rest string) string {
	var b strings.Builder
	line, empty := first, true
	for word := range strings.FieldsSeq(text) {
		if !empty && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > columns {
			b.WriteString(line + "\n")
			line, empty = rest, true
		}
		if !empty {
			line += " "
		}
		line, empty = line+word, false
	}
	return b.String() + line + "\n"
}
