package sandbox

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// The filter language is the part of SCIM's (RFC 7644, section 3.4.2.2) that a tenant takes:
//
//	or    = and *("or" and)
//	and   = unary *("and" unary)
//	unary = ["not"] "(" or ")" / attribute operator string
//
// Attributes, operators and keywords are read in any case, and values are compared in any case. A string is a JSON string.

// maxDepth is how deep brackets may nest.
const maxDepth = 64

// filter is a filter that was read. It does not change: any number of requests may use it at once.
type filter struct {
	root   *expr
	values []string // what terms on the subject name, as written
}

type exprKind uint8

const (
	exprTerm  exprKind = iota // attribute operator value
	exprOneOf                 // attribute eq any of set
	exprAnd
	exprOr
	exprNot
)

type expr struct {
	kind      exprKind
	attribute attribute
	operator  string
	value     string              // folded
	set       map[string]struct{} // folded
	kids      []*expr
	bracketed bool
	at        int // position of its first character
}

type attribute uint8

const (
	attrSubject attribute = iota
	attrName
	attrEmail
	attrStatus
	attrID
)

func parseAttribute(word string) (attribute, bool) {
	switch strings.ToLower(word) {
	case "subject":
		return attrSubject, true
	case "name":
		return attrName, true
	case "email":
		return attrEmail, true
	case "status":
		return attrStatus, true
	case "id":
		return attrID, true
	}
	return 0, false
}

// filterError says what is wrong with a filter, and where: positions are bytes, from 1.
type filterError struct {
	at   int
	what string
}

func (e *filterError) Error() string { return fmt.Sprintf("filter, position %d: %s", e.at+1, e.what) }

type parser struct {
	text     string
	maxTerms int
	depth    int
	terms    int
	values   []string

	word string // the token at hand: a word, "(", ")", "" at the end; or a string, quoted
	at   int
	next int
}

func parseFilter(text string, maxTerms int) (*filter, error) {
	if !utf8.ValidString(text) {
		return nil, &filterError{0, "no valid UTF-8"}
	}
	p := &parser{text: text, maxTerms: maxTerms}
	if err := p.advance(); err != nil {
		return nil, err
	}
	root, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.word != "" {
		return nil, p.unexpected("and, or, or the end")
	}
	if err := checkStatus(root); err != nil {
		return nil, err
	}
	root.gather()
	return &filter{root, p.values}, nil
}

func (p *parser) unexpected(wanted string) error {
	found := p.word
	if found == "" {
		found = "the end"
	} else if len(found) > 32 {
		found = strings.ToValidUTF8(found[:32], "") + "…"
	}
	return &filterError{p.at, fmt.Sprintf("expected %s, found %s", wanted, found)}
}

// advance reads the next token.
func (p *parser) advance() error {
	for p.next < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.next]) >= 0 {
		p.next++
	}
	p.at = p.next
	if p.next == len(p.text) {
		p.word = ""
		return nil
	}
	switch c := p.text[p.next]; {
	case c == '(' || c == ')':
		p.next++
	case c == '"':
		p.next++
		for p.next < len(p.text) && p.text[p.next] != '"' {
			if p.text[p.next] == '\\' {
				p.next++
			}
			p.next++
		}
		if p.next >= len(p.text) {
			return &filterError{p.at, "a string without an end"}
		}
		p.next++
	default:
		for p.next < len(p.text) && isWord(p.text[p.next]) {
			p.next++
		}
		if p.next == p.at {
			r, _ := utf8.DecodeRuneInString(p.text[p.at:])
			return &filterError{p.at, fmt.Sprintf("unexpected %q", r)}
		}
	}
	p.word = p.text[p.at:p.next]
	return nil
}

func isWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("._-:$", c) >= 0
}

func (p *parser) or() (*expr, error)  { return p.list("or", exprOr, p.and) }
func (p *parser) and() (*expr, error) { return p.list("and", exprAnd, p.unary) }

func (p *parser) list(keyword string, kind exprKind, item func() (*expr, error)) (*expr, error) {
	first, err := item()
	if err != nil {
		return nil, err
	}
	all := []*expr{first}
	for strings.EqualFold(p.word, keyword) {
		if err := p.advance(); err != nil {
			return nil, err
		}
		e, err := item()
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	if len(all) == 1 {
		return first, nil
	}
	return &expr{kind: kind, kids: all, at: first.at}, nil
}

func (p *parser) unary() (*expr, error) {
	at := p.at
	negated := strings.EqualFold(p.word, "not")
	if negated {
		if err := p.advance(); err != nil {
			return nil, err
		}
		if p.word != "(" {
			return nil, p.unexpected("( after not")
		}
	}
	if p.word != "(" {
		return p.term()
	}
	if p.depth++; p.depth > maxDepth {
		return nil, &filterError{at, fmt.Sprintf("brackets nest deeper than %d", maxDepth)}
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.word != ")" {
		return nil, p.unexpected("and, or, or )")
	}
	p.depth--
	if negated {
		e = &expr{kind: exprNot, kids: []*expr{e}, at: at}
	}
	e.bracketed = true
	return e, p.advance()
}

func (p *parser) term() (*expr, error) {
	e := &expr{at: p.at}
	var ok bool
	if e.attribute, ok = parseAttribute(p.word); !ok {
		return nil, p.unexpected("subject, name, email, status, id, not or (")
	}
	if p.terms++; p.terms > p.maxTerms {
		return nil, &filterError{p.at, fmt.Sprintf("the filter is too complex: more than %d terms", p.maxTerms)}
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	e.operator = strings.ToLower(p.word)
	if !slices.Contains([]string{"eq", "ne", "co", "sw", "ew"}, e.operator) {
		return nil, p.unexpected("eq, ne, co, sw or ew")
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	var value string
	if !strings.HasPrefix(p.word, `"`) || json.Unmarshal([]byte(p.word), &value) != nil {
		return nil, p.unexpected("a JSON string")
	}
	e.value = fold(value)
	if e.attribute == attrSubject {
		p.values = append(p.values, value)
	}
	return e, p.advance()
}

// checkStatus holds terms on the status to their rule: grouped in brackets, with nothing else in them, and applied to the whole query.
// A query that is about the status alone needs no brackets.
func checkStatus(root *expr) error {
	if onlyStatus(root) {
		return nil
	}
	parts := []*expr{root}
	if root.kind == exprAnd {
		parts = root.kids
	}
	for _, part := range parts {
		if at, found := findStatus(part); found && !(root.kind == exprAnd && part.bracketed && onlyStatus(part)) {
			return &filterError{at, `terms on status must be grouped and apply to the whole query: (…) and (status eq "active")`}
		}
	}
	return nil
}

func onlyStatus(e *expr) bool {
	if e.kind == exprTerm {
		return e.attribute == attrStatus
	}
	return !slices.ContainsFunc(e.kids, func(kid *expr) bool { return !onlyStatus(kid) })
}

func findStatus(e *expr) (at int, found bool) {
	if e.kind == exprTerm {
		return e.at, e.attribute == attrStatus
	}
	for _, kid := range e.kids {
		if at, found := findStatus(kid); found {
			return at, true
		}
	}
	return 0, false
}
