package roster

import (
	"fmt"
	"slices"
	"strings"
)

// Columns say where a row's subject, name and email come from. Name and Email may have no source.
type Columns struct {
	Subject, Name, Email Source
}

// none reports whether nothing of a person is asked for.
func (c *Columns) none() bool {
	return len(c.Subject.parts)+len(c.Name.parts)+len(c.Email.parts) == 0
}

// A chooser decides about the columns of one header.
type chooser struct {
	header []string
	ours   func(int) bool
}

// decide finds the columns. Where two fit, it does not choose: no word is better than another.
func decide(header []string, ours func(int) bool, o Options) (Columns, error) {
	c := chooser{header, ours}
	var (
		found Columns
		err   error
	)
	if found.Email, err = c.role("--email", o.Email, email); err != nil {
		return found, err
	}
	if found.Subject, err = c.role("--subject", o.Subject, subject); err != nil {
		return found, err
	}
	if found.Subject.parts == nil {
		return found, c.noSubject(found.Email)
	}
	if o.Name != "" {
		found.Name, err = c.asked("--name", o.Name)
	} else {
		found.Name, err = c.name()
	}
	return found, err
}

// role is the source that was asked for, or else the one column whose header has the role's words.
func (c *chooser) role(flag, asked string, r role) (Source, error) {
	if asked != "" {
		return c.asked(flag, asked)
	}
	return c.one(flag, c.fitting(r))
}

// one is the column among those that fit; an error where there are two.
func (c *chooser) one(flag string, fitting []int) (Source, error) {
	switch len(fitting) {
	case 0:
		return Source{}, nil
	case 1:
		return c.single(fitting[0]), nil
	}
	return Source{}, c.ambiguous(flag, fitting)
}

func (c *chooser) single(i int) Source {
	return Source{text: c.header[i], parts: []part{{i, c.header[i]}}, plain: true}
}

// fitting are the columns whose header has one of the role's words.
func (c *chooser) fitting(r role) []int {
	var found []int
	for i, h := range c.header {
		if !c.ours(i) && rolesOf(h)&r != 0 {
			found = append(found, i)
		}
	}
	return found
}

// name is the full name's column, or first and last name put together.
func (c *chooser) name() (Source, error) {
	whole, first, last := c.fitting(name), c.fitting(firstName), c.fitting(lastName)
	// “Nom” beside “Prénom” is the last name, “Nombre” beside “Apellidos” the first one: in these languages the word alone is both.
	if len(first) > 0 && len(last) == 0 {
		whole, last = c.move(whole, surnameBeside)
	}
	if len(last) > 0 && len(first) == 0 {
		whole, first = c.move(whole, givenBeside)
	}
	if len(whole) > 0 && len(first) > 0 && len(last) == 0 {
		return Source{}, c.ambiguousName(whole[0], first[0])
	}
	if len(whole) > 0 || len(first) == 0 || len(last) == 0 {
		return c.one("--name", whole)
	}
	if len(first) > 1 {
		return Source{}, c.ambiguous("--name", first)
	}
	if len(last) > 1 {
		return Source{}, c.ambiguous("--name", last)
	}
	f, l := c.header[first[0]], c.header[last[0]]
	return Source{
		text:  "{" + f + "} {" + l + "}",
		parts: []part{{first[0], f}, {-1, " "}, {last[0], l}},
	}, nil
}

// move takes the columns that have the role from some.
func (c *chooser) move(some []int, r role) (rest, moved []int) {
	for _, i := range some {
		if rolesOf(c.header[i])&r != 0 {
			moved = append(moved, i)
		} else {
			rest = append(rest, i)
		}
	}
	return rest, moved
}

// asked is the source that a flag names: a header, or a template.
func (c *chooser) asked(flag, text string) (Source, error) {
	if i, err := c.find(flag, text, strings.ContainsAny(text, "{}")); err != nil {
		return Source{}, err
	} else if i >= 0 {
		return c.single(i), nil
	}
	if !strings.ContainsAny(text, "{}") {
		nearest := c.near(text)[0]
		return Source{}, c.unknown(flag, text, "; a template has its headers in braces: "+quote("{"+nearest+"}"), nearest)
	}
	holes, err := parseTemplate(text)
	if err != nil {
		return Source{}, &Error{Message: fmt.Sprintf("%s %s: %s", flag, quote(text), err), Hint: c.example(flag, text)}
	}
	s := Source{text: text}
	columns := 0
	for _, h := range holes {
		if h.literal {
			s.parts = append(s.parts, part{-1, h.text})
			continue
		}
		if trim(h.text) == "" {
			return Source{}, &Error{Message: fmt.Sprintf("%s %s has no header between its braces", flag, quote(text)), Hint: c.example(flag, text)}
		}
		i, err := c.find(flag, h.text, false)
		if e, ok := err.(*Error); ok && e.Flags != nil {
			e.Flags[1] = strings.Replace(text, "{"+h.text+"}", "{"+e.Flags[1]+"}", 1)
		}
		if err != nil {
			return Source{}, err
		}
		if i < 0 {
			return Source{}, c.unknown(flag, h.text, "", strings.Replace(text, "{"+h.text+"}", "{"+c.near(h.text)[0]+"}", 1))
		}
		s.parts = append(s.parts, part{i, c.header[i]})
		columns++
	}
	if columns == 0 {
		return Source{}, &Error{
			Message: fmt.Sprintf("%s %s names no column, so every row would have the same", flag, quote(text)),
			Hint:    c.example(flag, text),
		}
	}
	return s, nil
}

// example shows what a template looks like.
func (c *chooser) example(flag, text string) string {
	return "put a header in braces: " + flag + " '{" + c.near(text)[0] + "}'"
}

// find is the column of a header: the very same, the same but for outer white space, or one that only matches loosely; -1
// where there is none.
func (c *chooser) find(flag, text string, exactly bool) (int, error) {
	loose := fold(text)
	for _, same := range []func(string) bool{
		func(h string) bool { return h == text },
		func(h string) bool { return trim(h) == trim(text) },
		func(h string) bool { return !exactly && loose != "" && fold(h) == loose },
	} {
		var found []int
		for i, h := range c.header {
			if !c.ours(i) && same(h) {
				found = append(found, i)
			}
		}
		if len(found) > 1 {
			return -1, c.ambiguous(flag, found)
		}
		if len(found) == 1 {
			return found[0], nil
		}
	}
	return -1, nil
}

// near lists the export's headers, the nearest to a text first.
func (c *chooser) near(text string) []string {
	var headers []string
	for i, h := range c.header {
		if !c.ours(i) {
			headers = append(headers, h)
		}
	}
	if len(headers) == 0 {
		return []string{""}
	}
	to := []rune(fold(text))
	slices.SortStableFunc(headers, func(a, b string) int {
		return distance(to, []rune(fold(a))) - distance(to, []rune(fold(b)))
	})
	return headers
}

// distance is Levenshtein's; of the first signs only, so that a strange header costs nothing.
func distance(a, b []rune) int {
	a, b = a[:min(len(a), 64)], b[:min(len(b), 64)]
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j := range b {
			step := diagonal
			if a[i] != b[j] {
				step++
			}
			diagonal = row[j+1]
			row[j+1] = min(step, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
