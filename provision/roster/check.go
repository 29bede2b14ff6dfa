package roster

import (
	"fmt"
	"net/mail"
	"strings"
	"unicode/utf8"
)

// Check says why a record cannot be sent, "" where it can, and what is odd about it though it can. It names line and column:
// line 17, column "E-Mail": "foo@" is not an address. With needEmail, a record without an address cannot be sent.
func (f *File) Check(r *Record, needEmail bool) (invalid, warning string) {
	c := &f.Columns
	if r.Subject == "" {
		return r.wrong(c.Subject.column(), "no subject"), ""
	}
	if len(c.Subject.parts) > 1 {
		if header, found := c.Subject.empty(r.Fields); found {
			return r.wrong(header, "nothing to put into the subject"), ""
		}
	}
	if header, found := c.Subject.total(r.Fields); found {
		return r.wrong(header, quote(r.Subject)+" looks like the total under a report, not like a person"), ""
	}
	for _, v := range [...]struct {
		value  string
		source *Source
	}{{r.Subject, &c.Subject}, {r.Name, &c.Name}, {r.Email, &c.Email}} {
		if why := unsendable(v.value); why != "" {
			return r.wrong(v.source.column(), why), ""
		}
		if len(v.source.parts) > 1 {
			if header, value := excelErrorIn(v.source, r.Fields); value != "" {
				return r.wrong(header, value+" is a spreadsheet's error value"), ""
			}
		}
	}
	if r.Email == "" {
		if needEmail {
			return r.wrong(c.Email.column(), "no address"), ""
		}
	} else if why := badAddress(r.Email); why != "" {
		return r.wrong(c.Email.column(), why), ""
	}
	return "", r.odd(c)
}

// odd is what looks damaged but can be sent.
func (r *Record) odd(c *Columns) string {
	for _, p := range c.Subject.parts {
		if p.column < 0 {
			continue
		}
		if v := trim(r.Fields[p.column]); scientific(v) {
			return r.wrong(p.text, quote(v)+" looks like a number that a spreadsheet shortened")
		}
	}
	if strings.ContainsRune(r.Subject, utf8.RuneError) {
		return r.wrong(c.Subject.column(), quote(r.Subject)+" has signs that were lost before (�)")
	}
	if strings.ContainsRune(r.Name, utf8.RuneError) {
		return r.wrong(c.Name.column(), quote(r.Name)+" has signs that were lost before (�)")
	}
	return ""
}

func (r *Record) wrong(column, why string) string {
	if column == "" {
		return fmt.Sprintf("line %d: %s", r.Line, why)
	}
	return fmt.Sprintf("line %d, column %s: %s", r.Line, quote(column), why)
}

// unsendable is why a value cannot be sent, whatever it is: a control character, or an error value of Excel's.
func unsendable(v string) string {
	for i := 0; i < len(v); i++ {
		// Of UTF-8, the controls beyond ASCII, U+0080 to U+009F, begin with 0xC2.
		if c := v[i]; c < ' ' || c == 0x7f || c == 0xc2 && i+1 < len(v) && v[i+1] < 0xa0 {
			return "a control character in " + quote(v)
		}
	}
	if isExcelError(v) {
		return v + " is a spreadsheet's error value"
	}
	return ""
}

func isExcelError(v string) bool {
	if v == "" || v[0] != '#' {
		return false
	}
	if len(v) > 1 && strings.Trim(v, "#") == "" {
		return true // ######## is what it shows, and exports, where a column is too narrow
	}
	switch v {
	case "#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!",
		"#NV", "#BEZUG!", "#WERT!", "#ZAHL!", "#VALEUR!", "#NOM?", "#NOMBRE!", "#NUL!", "#¡VALOR!", "#¡REF!", "#¿NOMBRE?", "#¡NUM!", "#¡DIV/0!":
		return true
	}
	return false
}

func excelErrorIn(s *Source, fields []string) (header, value string) {
	for _, p := range s.parts {
		if p.column >= 0 {
			if v := trim(fields[p.column]); isExcelError(v) {
				return p.text, v
			}
		}
	}
	return "", ""
}

// scientific reports whether a value is a number as Excel shows a long one: 1.23E+11, and 1,23E+11 where the comma is decimal.
func scientific(v string) bool {
	i := strings.Index(v, "E+")
	if i < 1 || i+2 == len(v) {
		return false
	}
	return strings.Trim(v[:i], "0123456789") == "" || strings.Trim(v[:1]+v[2:i], "0123456789") == "" && len(v[:i]) > 2 && (v[1] == '.' || v[1] == ',')
}

// badAddress is why a value is not one bare address, "" where it is one. Internationalized ones are.
func badAddress(v string) string {
	if plainAddress(v) {
		return ""
	}
	a, err := mail.ParseAddress(v)
	switch {
	case err != nil && strings.ContainsAny(v, ",;") && strings.Count(v, "@") > 1:
		return quote(v) + " is more than one address"
	case err != nil:
		return quote(v) + " is not an address"
	case a.Address != v && a.String() != "<"+v+">": // the second where the local part is quoted
		return quote(v) + " is more than the bare address"
	}
	return ""
}

// atom are the signs of RFC 5322's atext.
var atom = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("!#$%&'*+-/=?^_`{|}~", byte(c)) >= 0
	}
	return t
}()

// plainAddress reports whether a value is an address of ASCII atoms with dots between; nearly all are, and net/mail is slow.
func plainAddress(v string) bool {
	at, atomLength := 0, 0
	for i := 0; i < len(v); i++ {
		switch c := v[i]; {
		case atom[c]:
			atomLength++
			continue
		case atomLength == 0:
			return false
		case c == '@' && at == 0:
			at = i
		case c != '.':
			return false
		}
		atomLength = 0
	}
	return at > 0 && atomLength > 0
}
