package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/time/rate"

	"qlik-provision/provision"
	"qlik-provision/provision/text"
	"qlik-provision/report"
)

// table is the summary of a run or of a plan for people: the counts, and what a plan costs and sends first.
func (s *session) table(total *report.Summary, plan bool) string {
	out := s.out
	var b strings.Builder
	b.WriteString("\n" + out.tableText(s.counts(total, plan)))
	if plan {
		if s.plan != nil && s.plan.Writes() > 0 {
			b.WriteString("\n" + wrap(cost(s.config, *s.plan), out.columns(), "  ", "  "))
		}
		for _, line := range s.firstPersons() {
			b.WriteString("  " + printable(line) + "\n")
		}
	}
	return b.String()
}

// firstPersons are the first person that will be sent, and the first whose name has a letter beyond ASCII, a line each:
// they show a wrong column or a wrong encoding before it is sent.
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

// A tableLine is a line of the table.
type tableLine struct {
	label   string
	n       int
	colour  colour
	more    string // after the count
	always  bool   // shown where the count is 0, too
	unknown bool   // the count was not looked up
}

// tableText sets lines one below the other.
func (u *output) tableText(lines []tableLine) string {
	width := 0
	for _, line := range lines {
		width = max(width, len(text.Grouped(line.n)))
	}
	var b strings.Builder
	for _, line := range lines {
		count := fmt.Sprintf("%*s", width, text.Grouped(line.n))
		switch {
		case line.unknown:
			count = "not checked"
		case line.n > 0:
			count = u.paint(line.colour, count)
		case !line.always:
			continue
		}
		fmt.Fprintf(&b, "  %-*s %s%s\n", len("created before"), line.label, count, prefixed("  ", line.more))
	}
	return b.String()
}

// counts are the lines of the table: what a plan would send, and the rows of each outcome.
func (s *session) counts(total *report.Summary, plan bool) []tableLine {
	rows := tableLine{label: "rows", n: total.Rows, colour: bold, always: true}
	labels := map[provision.Outcome]string{}
	outcomes := provision.Outcomes()
	var writes []tableLine
	if plan {
		labels = map[provision.Outcome]string{provision.Created: "created before", provision.Exists: "existing",
			provision.Failed: "conflicts", provision.Pending: "can be sent"}
		if s.plan != nil {
			writes = planLines(s.runOptions.Task, *s.plan)
			outcomes = slices.DeleteFunc(outcomes, func(o provision.Outcome) bool { return o == provision.Pending })
		}
	} else {
		rows.more = "in " + duration(s.took)
		if waited := s.progress.Waited; waited >= time.Second {
			rows.more += ", " + duration(waited) + " of it waiting"
		}
	}
	lines := append([]tableLine{rows}, writes...)
	colours := map[provision.Outcome]colour{
		provision.Invalid: red, provision.Failed: red, provision.Pending: yellow,
	}
	for _, o := range outcomes {
		line := tableLine{label: cmp.Or(labels[o], string(o)), n: total.Counts[o], colour: cmp.Or(colours[o], green)}
		line.always = colours[o] != ""
		line.unknown = plan && s.plan == nil && (o == provision.Exists || o == provision.Failed)
		if o == provision.Exists {
			line.more = existingDetails(total)
			line.always = plan && s.runOptions.Task == provision.Create // nobody exists: that is worth knowing
		}
		lines = append(lines, line)
	}
	return lines
}

// existingDetails says how many existing users are disabled, have another subject, or other data.
func existingDetails(total *report.Summary) string {
	var parts []string
	for _, c := range []struct{ code, words string }{
		{provision.CodeDisabled, "disabled"}, {provision.CodeEmailMatch, "under another subject"},
		{provision.CodeDiffers, "with other data"},
	} {
		if n := total.Codes[c.code]; n > 0 {
			parts = append(parts, text.Grouped(n)+" "+c.words)
		}
	}
	return strings.Join(parts, ", ")
}

// planLines are the writes of a plan.
func planLines(task provision.Task, p provision.Plan) []tableLine {
	return []tableLine{
		{label: "to create", n: p.Create, colour: green, always: task == provision.Create},
		{label: "to change", n: p.Change, colour: yellow},
		{label: "to disable", n: p.Disable, colour: yellow, always: task == provision.Disable},
		{label: "to delete", n: p.Delete, colour: red, always: task == provision.Delete},
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

// duration writes a duration for people: 1.2s, 12s, 4m12s, 1h5m.
func duration(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Hour:
		d = d.Round(time.Second)
	default:
		d = d.Round(time.Minute)
	}
	return withoutZeroSeconds(d)
}

// withoutZeroSeconds is 15m, not 15m0s.
func withoutZeroSeconds(d time.Duration) string { return strings.Replace(d.String(), "m0s", "m", 1) }

// shownCauses is how many causes are shown; the result file has them all.
const shownCauses = 10

// causes is a paragraph on why rows are not done, a line for each cause; "" where all are done.
func (s *session) causes() string {
	rows := s.ledger.Rows
	causes := slices.DeleteFunc(report.Causes(rows), func(c report.Cause) bool {
		return rows[c.Rows[0]].Entry.Outcome.Done()
	})
	var b strings.Builder
	if len(causes) > 0 {
		b.WriteByte('\n')
	}
	for _, c := range causes[:min(shownCauses, len(causes))] {
		why, e := ": ", rows[c.Rows[0]].Entry
		if c.Varies {
			why = ", the first: "
		}
		said := text.Grouped(len(c.Rows)) + " × " + string(e.Outcome) + prefixed(", ", string(e.Code)) +
			prefixed(why, string(e.Message))
		b.WriteString(wrap(printable(said+", "+s.rowsOf(c, rows)), s.out.columns(), "  ", "      "))
	}
	if more := len(causes) - shownCauses; more > 0 {
		fmt.Fprintf(&b, "  and %s\n", text.Plural(more, "other cause", "other causes"))
	}
	return b.String()
}

// rowsOf names the first rows of a cause, and the lines they stand on: row 2 (line 8 of hr.csv).
func (s *session) rowsOf(c report.Cause, rows []report.Row) string {
	const shown = 5
	var numbers, lines []string
	for _, i := range c.Rows[:min(shown, len(c.Rows))] {
		numbers, lines = append(numbers, fmt.Sprint(rows[i].Number)), append(lines, fmt.Sprint(rows[i].Record.Line))
	}
	plural, more := "", ""
	if len(c.Rows) > 1 {
		plural = "s"
	}
	if len(c.Rows) > shown {
		more = " …"
	}
	return fmt.Sprintf("row%s %s%s (line%s %s of %s)", plural, strings.Join(numbers, ", "), more, plural,
		strings.Join(lines, ", "), s.ledger.File.Name)
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}
