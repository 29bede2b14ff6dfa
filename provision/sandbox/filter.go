package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/scanner"
)

// filter selects the users that have one of the keys of each group.
type filter [][]string

// parseFilter reads a filter of at most maxTerms terms: the part of SCIM's grammar (RFC 7644, section 3.4.2.2) that the
// tool sends.
//
//	filter = terms / "(" terms ")" *("and" "(" terms ")")
//	terms  = term *("or" term)
//	term   = attribute "eq" string
//
// Words are read in any case, and values are compared without case. A string is a JSON string. The attributes are id,
// subject, email and status; terms on the status stand in a group of their own. Not published: which users a filter
// without them finds. Here they are all but the deleted ones.
func parseFilter(text string, maxTerms int) (filter, error) {
	p := newParser(text)
	var f filter
	hasStatus, terms := false, 0
	for more := true; more; {
		grouped := p.skip("(")
		group, onStatus, err := p.terms()
		if err != nil {
			return nil, err
		}
		if grouped && !p.skip(")") {
			return nil, p.expected("or, or )")
		}
		f, terms, hasStatus = append(f, group), terms+len(group), hasStatus || onStatus
		more = grouped && p.skip("and")
	}
	switch {
	case p.token != "":
		return nil, p.expected("the end")
	case terms > maxTerms:
		return nil, fmt.Errorf("the filter is too complex: more than %d terms", maxTerms)
	case !hasStatus:
		f = append(f, []string{"status=active", "status=invited", "status=disabled", "status=provisioned"})
	}
	return f, nil
}

// matches reports whether a filter finds a user.
func (f filter) matches(r *record) bool {
	status := "status=" + r.Status
	return !slices.ContainsFunc(f, func(group []string) bool {
		return !slices.ContainsFunc(group, func(key string) bool { return key == status || slices.Contains(r.keys, key) })
	})
}

// parser reads the tokens of a filter: words, strings with their quotes, and other characters alone.
type parser struct {
	scanner scanner.Scanner
	token   string // the next one; empty at the end
}

func newParser(text string) *parser {
	p := &parser{}
	p.scanner.Init(strings.NewReader(text))
	p.scanner.Mode = scanner.ScanIdents | scanner.ScanStrings
	p.scanner.Error = func(*scanner.Scanner, string) {} // what is wrong is an unexpected token
	p.next()
	return p
}

func (p *parser) next() {
	p.scanner.Scan()
	p.token = p.scanner.TokenText()
}

// skip goes on to the token after the next one where that is the one given.
func (p *parser) skip(token string) bool {
	if !strings.EqualFold(p.token, token) {
		return false
	}
	p.next()
	return true
}

func (p *parser) expected(what string) error {
	return fmt.Errorf("the filter has %.32q where %s is expected", p.token, what)
}

// terms reads terms and the "or" between them, all on the status or none.
func (p *parser) terms() (keys []string, onStatus bool, err error) {
	for more := true; more; more = p.skip("or") {
		attribute := strings.ToLower(p.token)
		if !slices.Contains([]string{"id", "subject", "email", "status"}, attribute) {
			return nil, false, p.expected("id, subject, email, status or (")
		}
		p.next()
		if !p.skip("eq") {
			return nil, false, p.expected("eq")
		}
		var value string
		if !strings.HasPrefix(p.token, `"`) || json.Unmarshal([]byte(p.token), &value) != nil {
			return nil, false, p.expected("a string")
		}
		p.next()
		if keys != nil && onStatus != (attribute == "status") {
			return nil, false, errors.New(`terms on status must be grouped: (…) and (status eq "active")`)
		}
		keys, onStatus = append(keys, indexKey(attribute, value)), attribute == "status"
	}
	return keys, onStatus, nil
}
