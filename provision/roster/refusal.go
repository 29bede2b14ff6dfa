package roster

import (
	"fmt"
	"strings"
	"unicode"
)

// ambiguous names the columns that fit, and the flag that decides.
func (c *chooser) ambiguous(flag string, fitting []int) *Error {
	names := make([]string, len(fitting))
	same := true
	for i, column := range fitting {
		names[i] = c.header[column]
		same = same && names[i] == names[0]
	}
	what := strings.TrimPrefix(flag, "--")
	if same {
		return &Error{
			Message: fmt.Sprintf("%s columns are called %s, so which of them is the %s is not clear", count(len(names)), quote(names[0]), what),
			Hint:    "rename all but the one that is meant",
		}
	}
	return &Error{
		Message: fmt.Sprintf("%s fit the %s: %s", count(len(names))+" columns", what, quoteAll(names, " and ")),
		Flags:   []string{flag, names[0]},
		Hint:    fmt.Sprintf("%s decides", flag),
	}
}

// ambiguousName is for a name that may be the whole name, or the last one.
func (c *chooser) ambiguousName(whole, first int) *Error {
	w, f := c.header[whole], c.header[first]
	return &Error{
		Message: fmt.Sprintf("beside %s, %s may be the whole name or the last one", quote(f), quote(w)),
		Flags:   []string{"--name", w},
		Hint:    fmt.Sprintf("--name '%s' where it is the whole name, --name '{%s} {%s}' where it is the last one", w, f, w),
	}
}

// unknown names a header that there is not, and those that there are. instead is the flag's value with the nearest of them.
func (c *chooser) unknown(flag, text, more, instead string) error {
	return &Error{
		missing: true,
		Flags:   []string{flag, instead},
		Message: fmt.Sprintf("%s: there is no column %s%s; the nearest of the headers first: %s", flag, quote(text), more, c.list(text)),
	}
}

// noSubject is for a header with no subject in it.
func (c *chooser) noSubject(address Source) error {
	e := &Error{
		missing: true,
		Message: "no column is known to be the subject; the headers are " + c.list(""),
		Hint:    "say which it is with --subject",
	}
	if address.plain {
		e.Hint = ""
		e.Message += "; the address can be the subject"
		e.Flags = []string{"--subject", "{" + address.text + "}"}
		if strings.ContainsAny(address.text, "{}") {
			e.Flags[1] = address.text
		}
	}
	return e
}

func (c *chooser) list(nearest string) string {
	headers := []string{}
	if nearest != "" {
		headers = c.near(nearest)
	} else {
		for i, h := range c.header {
			if !c.ours(i) {
				headers = append(headers, h)
			}
		}
	}
	if len(headers) > listed {
		return quoteAll(headers[:listed], ", ") + fmt.Sprintf(" and %d more", len(headers)-listed)
	}
	return quoteAll(headers, ", ")
}

func quoteAll(names []string, between string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = quote(n)
	}
	return strings.Join(quoted, between)
}

func count(n int) string {
	if n == 2 {
		return "two"
	}
	return fmt.Sprint(n)
}

// explain says more of a header that lacks what is needed: it is no header, or the header stands further down.
func (f *File) explain(err error, s sample, o Options) error {
	e, ok := err.(*Error)
	if !ok || !e.missing {
		return f.inFile(err)
	}
	at := f.head.Line
	if n := f.headerBelow(s, at, o); n > 0 {
		e.Message = fmt.Sprintf("line %d has no subject, but line %d looks like the header", at, n)
		e.Flags, e.Hint = []string{"--header-row", fmt.Sprint(n)}, ""
	} else if v := dataLike(f.Header); v != "" && known(f.Header) == 0 {
		e.Message = fmt.Sprintf("there is no header: line %d holds %s, so it is a row", at, quote(v))
		e.Flags, e.Hint = nil, "put a line with the columns' names above it"
	} else if f.Dialect.Guessed && known(f.Header) == 0 {
		e.Hint = "it is not UTF-8 and was read as Windows-1252; where that is wrong, say what it is with --encoding: Shift_JIS, ISO-8859-2, macintosh …"
	}
	return f.inFile(e)
}

func (f *File) inFile(err error) error {
	if e, ok := err.(*Error); ok {
		e.Message = f.Name + ": " + e.Message
	}
	return err
}

// headerBelow is the line, among the first ones, on which a header stands that would do; 0 where there is none.
func (f *File) headerBelow(s sample, at int, o Options) int {
	n, seen := 0, 0
	s.records(f.Dialect.Delimiter, func(line int, cells []string, _ bool) bool {
		seen++
		if line > at {
			block := lastRun(cells, o.Block)
			_, err := decide(cells, func(i int) bool { return block >= 0 && i >= block && i < block+len(o.Block) }, o)
			if e, ok := err.(*Error); !ok || !e.missing || known(cells) > max(1, known(f.Header)) {
				n = line
			}
		}
		return n == 0 && seen < titleLines
	})
	return n
}

// dataLike is the first cell that no header would hold: an address, or a number.
func dataLike(cells []string) string {
	for _, c := range cells {
		c = trim(c)
		if strings.Contains(c, "@") && badAddress(c) == "" {
			return c
		}
		if c != "" && strings.IndexFunc(c, func(r rune) bool { return !unicode.IsDigit(r) }) < 0 {
			return c
		}
	}
	return ""
}
