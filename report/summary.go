package report

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"time"

	"qlik-provision/provision"
	"qlik-provision/provision/roster"
)

// A Summary counts what a result file says, with what its journal says laid over it.
type Summary struct {
	Rows      int
	Counts    map[provision.State]int // every state, those of no row too
	Done      int                     // created, exists, and duplicates of such rows
	NotDone   int
	Differing int // exists, with something that differs on the tenant
	Disabled  int // of those: exists, and disabled there

	Causes  []Cause // why rows are not done, the most frequent first
	Further int     // rows whose cause is none of Causes

	Tenant      string // of the first row that has one
	First, Last time.Time
}

// A Cause is what several rows have in common that are not done.
type Cause struct {
	State   provision.State
	Code    string
	Message string // of the first of them; others may name other values
	Count   int
	Rows    []int // the first 5 row numbers
	Lines   []int // and their lines
}

// How many causes are told of, how many are followed, and how many rows each names.
const (
	mostCauses = 50
	mostKept   = 1000
	causeRows  = 5
)

// Summarize reads the result file at path and the journal beside it, and counts, a run being on or not. It fails with *NotResultsError, *StrayJournalError,
// a *roster.Error where the file cannot be read, or the system's error.
func Summarize(path string) (s *Summary, err error) {
	file, err := look(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = both(err, file.close()) }()
	file.file.Columns = roster.Columns{} // who they are is not counted
	c := newCount()
	for row, err := range file.results() {
		if err != nil {
			return nil, err
		}
		c.see(row)
	}
	return c.end(file.entries())
}

// A count is a summary on its way.
type count struct {
	summary Summary
	tally   tally
	causes  causes
}

func newCount() *count {
	c := &count{summary: Summary{Counts: map[provision.State]int{}}, causes: causes{found: map[string]*Cause{}}}
	for _, state := range provision.States() {
		c.summary.Counts[state] = 0
	}
	return c
}

func (c *count) see(r resultRow) {
	c.summary.see(r)
	c.tally.add(r.Entry)
	c.causes.see(r)
}

// end finishes the count. rows has to yield once more what it saw.
func (c *count) end(rows iter.Seq2[Entry, error]) (*Summary, error) {
	var err error
	s := &c.summary
	s.Rows = c.tally.rows
	if s.Done, err = c.tally.done(rows); err != nil {
		return nil, err
	}
	s.NotDone = s.Rows - s.Done
	s.Causes, s.Further = c.causes.list()
	return s, nil
}

func (s *Summary) see(r resultRow) {
	s.Counts[r.Outcome]++
	if r.Outcome == provision.Exists && r.Message != "" {
		s.Differing++
		if strings.HasPrefix(r.Message, provision.Disabled) {
			s.Disabled++
		}
	}
	if s.Tenant == "" {
		s.Tenant = strings.Clone(r.Tenant)
	}
	if at := r.FinishedAt.Time; !at.IsZero() {
		if s.First.IsZero() || at.Before(s.First) {
			s.First = at
		}
		if at.After(s.Last) {
			s.Last = at
		}
	}
}

// A tally counts rows that are done. A duplicate is, where a row with its subject is; for that the rows are gone through again.
type tally struct {
	rows       int
	plain      int            // done by themselves
	duplicates map[string]int // by subject; in the end those that are not done
}

func (t *tally) add(e Entry) {
	t.rows++
	switch {
	case done(e.Outcome):
		t.plain++
	case e.Outcome == provision.Duplicate:
		if t.duplicates == nil {
			t.duplicates = map[string]int{}
		}
		t.duplicates[strings.Clone(e.UserSubject)]++
	}
}

// done is how many of the rows that were added are done. rows has to yield them once more.
func (t *tally) done(rows iter.Seq2[Entry, error]) (int, error) {
	n := t.plain
	if len(t.duplicates) == 0 {
		return n, nil
	}
	for e, err := range rows {
		if err != nil {
			return 0, err
		}
		if done(e.Outcome) {
			n += t.duplicates[e.UserSubject]
			delete(t.duplicates, e.UserSubject)
		}
	}
	return n, nil
}

// causes collects them.
type causes struct {
	found   map[string]*Cause
	further int
}

func (c *causes) see(r resultRow) {
	if done(r.Outcome) || r.Outcome == provision.Duplicate || r.Outcome == provision.Pending && r.Message == "" && r.ErrorCode == "" {
		return
	}
	key := string(r.Outcome) + "\x00" + r.ErrorCode
	if r.ErrorCode != provision.OtherPerson { // whose message names people and says nothing else
		key += "\x00" + kindOf(r.Message)
	}
	cause := c.found[key]
	if cause == nil {
		if len(c.found) == mostKept {
			c.further++
			return
		}
		cause = &Cause{State: r.Outcome, Code: strings.Clone(r.ErrorCode), Message: strings.Clone(r.Message)}
		c.found[key] = cause
	}
	cause.Count++
	if len(cause.Rows) < causeRows {
		cause.Rows, cause.Lines = append(cause.Rows, r.Row), append(cause.Lines, r.Line)
	}
}

func (c *causes) list() ([]Cause, int) {
	all := make([]Cause, 0, len(c.found))
	for _, cause := range c.found {
		all = append(all, *cause)
	}
	slices.SortFunc(all, func(a, b Cause) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Rows[0], b.Rows[0]))
	})
	further := c.further
	for len(all) > mostCauses {
		further += all[len(all)-1].Count
		all = all[:len(all)-1]
	}
	return all, further
}

// kindOf is the same for messages that differ only in the values they name: numbers, what stands in brackets, and what stands in
// quotes but for a column's name.
func kindOf(message string) string {
	var b strings.Builder
	for rest := message; rest != ""; {
		i := strings.IndexAny(rest, "0123456789\"(")
		if i < 0 {
			b.WriteString(rest)
			break
		}
		b.WriteString(rest[:i])
		if rest[i] == '(' {
			if end := strings.LastIndexByte(rest, ')'); end > i {
				rest = rest[end+1:]
				continue
			}
			b.WriteByte('(')
			rest = rest[i+1:]
			continue
		}
		quoted := rest[i] == '"'
		value := rest[i:]
		if quoted {
			value, rest = cutQuoted(value)
		} else {
			rest = strings.TrimLeft(value, "0123456789")
			value = "0"
		}
		if quoted && !strings.HasSuffix(b.String(), "column ") {
			value = `""`
		}
		b.WriteString(value)
	}
	return b.String()
}

// cutQuoted cuts behind the text in quotes with which s begins.
func cutQuoted(s string) (quoted, rest string) {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return s[:i+1], s[i+1:]
		}
	}
	return s, ""
}
