package main

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/time/rate"

	"qlik-provision/provision"
	"qlik-provision/provision/text"
	"qlik-provision/report"
)

const widestLabel = len("created before")

// A tableLine is a line of the table in which a run or a plan ends.
type tableLine struct {
	label    string
	n        int
	colour   colour
	more     string
	optional bool // left out where there are none
	unknown  bool // nobody was asked
}

// table is the summary for people.
func (s *summary) table(out *output, of *session, total *report.Summary, cutShort bool) string {
	var b strings.Builder
	b.WriteByte('\n')
	lines := s.runLines(total, of.config.run.Task)
	if of.planOnly {
		lines = s.planTable(of, total)
	}
	for _, line := range lines {
		if line.n == 0 && line.optional && !line.unknown {
			continue
		}
		count := fmt.Sprintf("%*s", len(text.Grouped(s.Rows)), text.Grouped(line.n))
		switch {
		case line.unknown:
			count = "not checked"
		case line.n > 0:
			count = out.paint(line.colour, count)
		}
		fmt.Fprintf(&b, "  %-*s %s%s\n", widestLabel, line.label, count, prefixed("  ", line.more))
	}
	if of.planOnly && of.plan != nil && of.plan.Writes() > 0 && !cutShort {
		b.WriteString("\n" + wrap(cost(of.config, of.plan.Writes(), of.plan.Estimate), out.columns(), "  ", "  "))
	}
	if of.planOnly {
		for _, line := range of.firstPersons() {
			b.WriteString("  " + printable(line) + "\n")
		}
	}
	if causes := of.causes(out, total); causes != "" {
		b.WriteString("\n" + causes)
	}
	b.WriteByte('\n')
	return b.String()
}

func (s *summary) runLines(total *report.Summary, task provision.Task) []tableLine {
	took := "in " + duration(s.Seconds)
	if s.Waited >= 1 {
		took += ", " + duration(s.Waited) + " of it waiting"
	}
	lines := []tableLine{{label: "rows", n: s.Rows, colour: bold, more: took}}
	for _, outcome := range provision.Outcomes() {
		line := tableLine{label: string(outcome), n: total.Counts[outcome], colour: green, optional: true}
		switch outcome {
		case provision.Created:
			line.optional = task != provision.Create
		case provision.Exists:
			line.optional, line.more = task != provision.Create, existing(total)
		case provision.Disabled, provision.Unchanged:
			line.optional = task != provision.Disable
		case provision.Deleted:
			line.optional = task != provision.Delete
		case provision.Invalid, provision.Failed:
			line.optional, line.colour = false, red
		case provision.Pending:
			line.optional, line.colour = false, yellow
		}
		lines = append(lines, line)
	}
	return lines
}

// existing says what is to be known of existing users.
func existing(total *report.Summary) string {
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

func (s *summary) planTable(of *session, total *report.Summary) []tableLine {
	unknown := of.unchecked()
	lines := []tableLine{{label: "rows", n: s.Rows, colour: bold}}
	switch {
	case unknown:
		lines = append(lines, tableLine{label: "can be sent", n: total.Counts[provision.Pending], colour: yellow})
	case of.plan != nil:
		lines = append(lines, planLines(of.config.run.Task, *of.plan)...)
	}
	lines = append(lines,
		tableLine{label: "existing", n: total.Counts[provision.Exists], colour: green, more: existing(total),
			unknown: unknown},
		tableLine{label: "created before", n: total.Counts[provision.Created], colour: green, optional: true},
		tableLine{label: "unchanged", n: total.Counts[provision.Unchanged], colour: green, optional: true},
		tableLine{label: "skipped", n: total.Counts[provision.Skipped], colour: green, optional: true},
		tableLine{label: "duplicate", n: total.Counts[provision.Duplicate], colour: green, optional: true},
		tableLine{label: "invalid", n: total.Counts[provision.Invalid], colour: red},
		tableLine{label: "conflicts", n: total.Counts[provision.Failed], colour: red, unknown: unknown},
	)
	return lines
}

// planLines are the writes of a plan.
func planLines(task provision.Task, p provision.Plan) []tableLine {
	lines := []tableLine{
		{label: "to create", n: p.Create, colour: green}, {label: "to change", n: p.Change, colour: yellow},
		{label: "to disable", n: p.Disable, colour: yellow}, {label: "to delete", n: p.Delete, colour: red},
	}
	zero := map[provision.Task]string{
		provision.Create: "to create", provision.Disable: "to disable", provision.Delete: "to delete",
	}[task]
	kept := lines[:0]
	for _, line := range lines {
		if line.n > 0 || line.label == zero && p.Writes() == 0 {
			kept = append(kept, line)
		}
	}
	return kept
}

// cost says what the writes of a plan take of the tenant's budget.
func cost(c *config, writes int, soonest time.Duration) string {
	said := text.Plural(writes, "write", "writes")
	if c.run.Rate == rate.Inf {
		return said + ", as fast as the tenant takes them"
	}
	said += fmt.Sprintf(", %s at a limit of %s (%s at once)", about(soonest), c.rate, text.Grouped(c.burst))
	// Where the limit is counted in windows, which Qlik's reference suggests, each burst is followed by a whole one.
	window := time.Duration(float64(c.run.Burst) / float64(c.run.Rate) * float64(time.Second))
	if latest := time.Duration((writes-1)/c.run.Burst) * window; latest >= 10*time.Second && latest > soonest+soonest/10 {
		said += "; up to " + spelled(latest) + " if the tenant counts in fixed windows"
	}
	return said
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

func duration(seconds float64) string {
	if seconds < 10 {
		return fmt.Sprintf("%.1fs", seconds)
	}
	return short(time.Duration(seconds * float64(time.Second)))
}

// shownCauses is how many causes are shown; the result file has them all.
const shownCauses = 10

// causes lists why rows are not done, a line each.
func (s *session) causes(out *output, total *report.Summary) string {
	lines := map[int]int{}
	for _, r := range s.ledger.Rows() {
		lines[r.Number] = r.Record.Line
	}
	var b strings.Builder
	for i, c := range total.Causes {
		if i == shownCauses {
			break
		}
		why := ": "
		if c.Varies {
			why = ", the first: "
		}
		said := text.Grouped(c.Count) + " × " + string(c.Outcome) + prefixed(", ", c.Code) + prefixed(why, c.Message)
		said += ", " + s.where(c, lines)
		b.WriteString(wrap(printable(said), out.columns(), "  ", "      "))
	}
	if more := len(total.Causes) - shownCauses; more > 0 {
		fmt.Fprintf(&b, "  and %s\n", text.Plural(more, "other cause", "other causes"))
	}
	return b.String()
}

// where names the first rows of a cause, and the lines they stand on: row 2 (line 8 of hr.csv).
func (s *session) where(c report.Cause, lines map[int]int) string {
	rows, at := make([]string, len(c.Rows)), make([]string, len(c.Rows))
	for i, n := range c.Rows {
		rows[i], at[i] = fmt.Sprint(n), fmt.Sprint(lines[n])
	}
	plural, more := "", ""
	if len(rows) > 1 {
		plural = "s"
	}
	if c.Count > len(rows) {
		more = " …"
	}
	return fmt.Sprintf("row%s %s%s (line%s %s of %s)", plural, strings.Join(rows, ", "), more, plural,
		strings.Join(at, ", "), s.ledger.File().Name)
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

// wrap breaks text at blanks into lines no wider than columns, where its words are not wider themselves.
func wrap(s string, columns int, first, rest string) string {
	var b strings.Builder
	line, empty := first, true
	for word := range strings.FieldsSeq(s) {
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
