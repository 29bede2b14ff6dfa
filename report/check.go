package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"qlik-provision/provision"
	"qlik-provision/provision/roster"
)

// listed is how many rows a line for people is made of at most, where each has a line.
const listed = 20

// check reads a survey's sheet as a whole: nothing in it makes the rest doubtful, and of a result file the guards hold. also is done
// with each row.
func (l *Ledger) check(v *survey, also func(row) error) error {
	s := v.sheet
	g := guard{sheet: s, tenant: l.options.Tenant}
	odd := list{options: &l.options}
	for r, err := range s.rows() {
		if err != nil {
			return err
		}
		mark := finished
		if !done(r.entry.Outcome) {
			mark = sendable
			invalid, warning := s.ownFault(r, l.options.NeedEmail)
			if invalid != "" {
				mark = 0
			}
			if warning != "" {
				odd.add("%s: %s", s.name, warning)
			}
		}
		if s.handle != nil {
			g.see(r)
		}
		v.add(r, mark)
		if err := also(r); err != nil {
			return err
		}
	}
	if err := g.verdict(len(v.marks)); err != nil {
		return err
	}
	odd.end("warnings")
	if s.handle != nil {
		g.remark(&l.options)
	}
	return v.settle()
}

// A list notifies of some things a line each, and of how many there are besides.
type list struct {
	options *Options
	n       int
}

func (l *list) add(format string, args ...any) {
	if l.n++; l.n <= listed {
		l.options.notify(format, args...)
	}
}

func (l *list) end(what string) {
	if l.n > listed {
		l.options.notify("and %d more %s", l.n-listed, what)
	}
}

// A guard watches over a result file that may no longer be what a run left.
type guard struct {
	sheet  *sheet
	tenant string // the run's

	numbers []int32 // of the rows, in the file's order
	counted int     // lines of the journal
	strange error   // the first row of another tenant
	changed []ChangedRow
	total   int // of the changed rows
}

// see takes a row in.
func (g *guard) see(r row) {
	g.numbers = append(g.numbers, int32(r.Number))
	g.counted += r.counted
	e := r.entry
	if g.tenant != "" && e.Tenant != "" && !strings.EqualFold(e.Tenant, g.tenant) && g.strange == nil {
		g.strange = &TenantError{g.sheet.name, e.Tenant, g.tenant}
	}
	if was, moved := g.moved(r); moved {
		g.total++
		if len(g.changed) < 5 {
			g.changed = append(g.changed, ChangedRow{r.Line, r.Number, strings.Clone(was), strings.Clone(r.Subject)})
		}
	}
}

// moved reports whether a row would be sent under another subject, and the one it had: one that is done or pending, or any whose subject a
// spreadsheet has changed behind everybody's back. Who means a pending row to change empties its user_subject. A subject that was put back as it was is
// right, whatever the spreadsheet did to user_subject: in a row that is not done the message is the witness, and one that is done is not sent.
func (g *guard) moved(r row) (was string, moved bool) {
	e := r.entry
	switch {
	case done(e.Outcome):
		return e.UserSubject, !sameSubject(r.Subject, e.UserSubject) && !(fragile(r.Subject) && damaged(r.Subject, e.UserSubject))
	case e.UserSubject == "", r.witness != "" && sameSubject(r.witness, r.Subject):
		return "", false
	case r.witness != "" && (!sameSubject(r.witness, e.UserSubject) || damaged(r.witness, r.Subject)):
		return r.witness, true
	case e.Outcome != provision.Pending:
		return "", false
	}
	return e.UserSubject, !sameSubject(r.Subject, e.UserSubject)
}

// verdict is why the file cannot be run, of so many rows.
func (g *guard) verdict(rows int) error {
	s := g.sheet
	switch {
	case rows == 0:
		return &roster.Error{Message: s.name + " has a header, but no rows"}
	case s.handle == nil:
		return nil
	}
	if err := g.twice(); err != nil {
		return err
	}
	if err := g.cutShort(); err != nil {
		return err
	}
	if g.strange != nil {
		return g.strange
	}
	if g.total == 0 {
		return nil
	}
	e := &SubjectsError{Path: s.name, Rows: g.changed, Total: g.total, Damaged: damaged(g.changed[0].Was, g.changed[0].Is)}
	if !e.Damaged {
		var err error
		if e.Flags, err = g.flags(); err != nil {
			return err
		}
	}
	return e
}

// twice finds row numbers that stand there more than once, and their lines.
func (g *guard) twice() error {
	sorted := slices.Clone(g.numbers)
	slices.Sort(sorted)
	var double int32
	for i := 1; i < len(sorted) && double == 0; i++ {
		if sorted[i] == sorted[i-1] {
			double = sorted[i]
		}
	}
	if double == 0 {
		return nil
	}
	var lines []string
	for r, err := range g.sheet.rows() {
		if err != nil {
			return err
		}
		if int32(r.Number) == double && len(lines) < listed {
			lines = append(lines, fmt.Sprint(r.Line))
		}
	}
	return &NotResultsError{g.sheet.name, fmt.Sprintf("row %d stands on the lines %s", double, strings.Join(lines, ", "))}
}

// cutShort finds a last line that was cut off before its end: it has no line end, and there is nothing in it, or its row number is
// not the next, and may be the beginning of one.
func (g *guard) cutShort() error {
	s := g.sheet
	size := s.info.Size()
	end := make([]byte, min(size, 64))
	if _, err := s.handle.ReadAt(end, size-int64(len(end))); err != nil {
		return fmt.Errorf("reading %s: %w", s.name, err)
	}
	end = bytes.ReplaceAll(end, []byte{0}, nil) // the other half of UTF-16
	if len(end) == 0 || end[len(end)-1] == '\n' || end[len(end)-1] == '\r' {
		return nil
	}
	last, before := g.numbers[len(g.numbers)-1], int32(0)
	if len(g.numbers) > 1 {
		before = g.numbers[len(g.numbers)-2]
	}
	rest := end[bytes.LastIndexAny(end, "\r\n")+1:]
	if last == before+1 && len(bytes.Trim(rest, string(s.file.Dialect.Delimiter)+`" `)) > 0 {
		return nil
	}
	return &NotResultsError{s.name, fmt.Sprintf("its last line, after row %d or of it, has no end, so it may be cut short", last)}
}

// remark tells what is worth knowing of a file that can be run.
func (g *guard) remark(o *Options) {
	if dropped := g.sheet.replay.dropped(g.counted); dropped != "" {
		o.notify("%s", dropped)
	}
	highest := int(slices.Max(g.numbers))
	if gone := highest - len(g.numbers); gone > 0 {
		o.notify("%s: of %d rows that there were at least, %d are no longer there", g.sheet.name, highest, gone)
	}
}

// changes tells of rows that were not done and have another subject now: that is what mending looks like.
type changes struct {
	list
	name string
}

func (c *changes) see(r row, old Entry) {
	if done(old.Outcome) || sameSubject(old.UserSubject, clean(r.Subject)) || sameSubject(old.UserSubject, r.Subject) {
		return
	}
	c.add("%s: row %d (line %d): the subject was %q, and is %q now", c.name, r.Number, r.Line, short(old.UserSubject), short(r.Subject))
}
