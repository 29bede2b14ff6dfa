package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"

	"golang.org/x/time/rate"

	"qlik-provision/provision"
	"qlik-provision/provision/text"
	"qlik-provision/report"
)

// A summary is how a command ended, as --json prints it. Its keys are part of the contract; new ones may come.
type summary map[string]any

// newSummary has all keys, with what holds before a result file is known. A count that was not looked up is null.
func newSummary() summary {
	s := summary{
		"rows":              0,
		"codes":             nil, // rows per code
		"run":               nil, // rows per outcome that this run finished
		"writes":            nil, // needed, for a plan; sent, for a run
		"estimated_seconds": nil, // of a plan
		"seconds":           0,   // of this run
		"waited_seconds":    0,   // of them, with no write sent because the run had to wait
		"columns":           nil, // source of subject, name, email, roles
		"results":           "",  // the result file; empty for a plan without one
		"tenant":            "",
		"exit":              exitDone,
		"error":             "",
		"hint":              "",
	}
	for _, o := range provision.Outcomes() {
		s[string(o)] = nil
	}
	return s
}

// addFile adds what a result file holds; what a run took is not in it.
func (s summary) addFile(r *report.ResultFile, total *report.Summary) {
	s["rows"], s["codes"], s["run"], s["results"] = total.Rows, total.Codes, total.Run, r.Path
	s["columns"] = map[string]string{
		"subject": r.Action.Subject, "name": r.Action.Name, "email": r.Action.Email, "roles": r.Action.Roles,
	}
	for o, n := range total.Counts {
		s[string(o)] = n
	}
}

// write prints the summary of a command that ended with f, nil for exit 0, as one JSON object on a line. It is in
// ASCII, since some consoles decode a program's output as they like, and holds nothing that a terminal would obey.
func (s summary) write(w io.Writer, f *failure) error {
	if f != nil {
		s["exit"], s["error"], s["hint"] = f.code, f.Error(), f.hint
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

// table is the summary of a run or of a plan for people: the counts, and what a plan costs and sends first.
func (s *session) table(total *report.Summary, plan bool) string {
	var b strings.Builder
	line := func(label string, n int, c colour, more string) {
		count := fmt.Sprintf("%*s", len(text.Grouped(total.Rows)), text.Grouped(n)) // no count is larger
		if n > 0 {
			count = s.out.paint(c, count)
		}
		fmt.Fprintf(&b, "  %-14s %s%s\n", label, count, more)
	}
	looked := plan && s.plan != nil
	labels, took := map[provision.Outcome]string{}, ""
	if plan {
		labels = map[provision.Outcome]string{provision.Created: "created before", provision.Exists: "existing",
			provision.Failed: "conflicts", provision.Pending: "can be sent"}
	} else {
		took = "  in " + duration(s.took)
		if waited := s.progress.Waited; waited >= time.Second {
			took += ", " + duration(waited) + " of it waiting"
		}
	}
	b.WriteByte('\n')
	line("rows", total.Rows, bold, took)
	if looked {
		for _, w := range plannedWrites(s.runOptions.Task, *s.plan) {
			if w.n > 0 || w.own {
				line("to "+w.verb, w.n, green, "")
			}
		}
	}
	colours := map[provision.Outcome]colour{
		provision.Invalid: red, provision.Failed: red, provision.Pending: yellow,
	}
	for _, o := range provision.Outcomes() {
		n, label := total.Counts[o], cmp.Or(labels[o], string(o))
		switch existing := o == provision.Exists; {
		case looked && o == provision.Pending: // they are what is to be written
		case plan && !looked && (existing || o == provision.Failed):
			fmt.Fprintf(&b, "  %-14s not checked\n", label)
		case n > 0, colours[o] != "", existing && plan && s.runOptions.Task == provision.Create:
			line(label, n, cmp.Or(colours[o], green), "")
		}
	}
	if looked && s.plan.Writes() > 0 {
		b.WriteString("\n" + wrap(cost(s.config, *s.plan), s.out.columns(), "  ", "  "))
	}
	if plan {
		for _, person := range s.firstPersons() {
			b.WriteString(wrap(printable(person), s.out.columns(), "  ", "      "))
		}
	}
	return b.String()
}

// A plannedWrite is how many writes of a kind a plan has.
type plannedWrite struct {
	verb string
	n    int
	own  bool // it is what the command is for
}

func plannedWrites(task provision.Task, p provision.Plan) []plannedWrite {
	return []plannedWrite{
		{"create", p.Create, task == provision.Create}, {"change", p.Change, false},
		{"disable", p.Disable, task == provision.Disable}, {"delete", p.Delete, task == provision.Delete},
	}
}

// cost says what the writes of a plan take of the tenant's budget.
func cost(c *config, p provision.Plan) string {
	writes, takes := text.Plural(p.Writes(), "write", "writes"), "about "+duration(p.Estimate)
	if p.Estimate < 10*time.Second {
		takes = "a few seconds"
	}
	if c.runOptions.Rate == rate.Inf {
		return writes + ", as fast as the tenant takes them"
	}
	return fmt.Sprintf("%s, %s at a limit of %s (%s at once)", writes, takes, c.rate, text.Grouped(c.runOptions.Burst))
}

// duration writes a duration for people: 1.2s, 12s, 4m12s, 5m, 1h5m.
func duration(d time.Duration) string {
	unit := time.Second
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d >= time.Hour:
		unit = time.Minute
	}
	return strings.Replace(d.Round(unit).String(), "m0s", "m", 1)
}

// firstPersons are the first person that will be sent, and the first whose name has a letter beyond ASCII, a line
// each: they show a wrong column or a wrong encoding before it is sent.
func (s *session) firstPersons() []string {
	rows := slices.DeleteFunc(s.ledger.Pending(), func(r provision.Row) bool { return r.LookupOnly })
	if len(rows) == 0 {
		return nil
	}
	lines := []string{"first: " + personLine(rows[0].Person)}
	i := slices.IndexFunc(rows, func(r provision.Row) bool {
		return strings.ContainsFunc(r.Person.Name, func(r rune) bool { return r > unicode.MaxASCII && unicode.IsLetter(r) })
	})
	if i > 0 {
		lines = append(lines, "first non-ASCII name: "+personLine(rows[i].Person))
	}
	return lines
}

func personLine(p provision.Person) string {
	parts := []string{p.Subject, p.Name, p.Email, strings.Join(p.Roles, "; ")}
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), " · ")
}

// causes is a paragraph on why rows are not done, or what is worth knowing of those that are: a line for each of the
// most frequent causes. The result file has them all.
func (s *session) causes() string {
	const shown = 10
	var b strings.Builder
	causes := report.Causes(s.ledger.Rows)
	for i, c := range causes {
		switch i {
		case 0:
			b.WriteByte('\n')
		case shown:
			fmt.Fprintf(&b, "  and %s\n", text.Plural(len(causes)-shown, "other cause", "other causes"))
			return b.String()
		}
		e := s.ledger.Rows[c.Rows[0]].Entry
		said := text.Grouped(len(c.Rows)) + " × " + string(e.Outcome)
		if e.Code != "" {
			said += ", " + string(e.Code)
		}
		if c.Varies {
			said += ", the first"
		}
		if e.Message != "" {
			said += ": " + string(e.Message)
		}
		b.WriteString(wrap(printable(said+", "+s.rowsOf(c)), s.out.columns(), "  ", "      "))
	}
	return b.String()
}

// rowsOf names the first rows of a cause, and the lines they stand on: row 2 (line 8 of hr.csv).
func (s *session) rowsOf(c report.Cause) string {
	const shown = 5
	var numbers, lines []string
	for _, i := range c.Rows[:min(shown, len(c.Rows))] {
		row := s.ledger.Rows[i]
		numbers, lines = append(numbers, strconv.Itoa(row.Number)), append(lines, strconv.Itoa(row.Record.Line))
	}
	format := "rows %s (lines %s of %s)"
	switch {
	case len(c.Rows) == 1:
		format = "row %s (line %s of %s)"
	case len(c.Rows) > shown:
		numbers, lines = append(numbers, "…"), append(lines, "…")
	}
	return fmt.Sprintf(format, strings.Join(numbers, ", "), strings.Join(lines, ", "), s.ledger.File.Name)
}
