package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// parseFilter reads a filter of at most maxTerms terms.
func parseFilter(text string, maxTerms int) (filter, error) {
	if !utf8.ValidString(text) {
		return filter{}, errors.New("the filter is no valid UTF-8")
	}
	tokens, err := tokenize(text)
	if err != nil {
		return filter{}, err
	}
	p := &parser{tokens: tokens}
	if len(tokens) > 10*maxTerms { // parentheses, for the most part
		return filter{}, errors.New("the filter is too complex")
	}
	root, err := p.or()
	switch {
	case err != nil:
		return filter{}, err
	case p.peek() != "":
		return filter{}, p.expected("and, or, or the end")
	case root.terms > maxTerms:
		return filter{}, fmt.Errorf("the filter is too complex: more than %d terms", maxTerms)
	}
	f := filter{root, p.keys}
	return f, f.checkStatus()
}

// tokenize splits a filter into words, strings with their quotes, and parentheses.
func tokenize(text string) (tokens []string, err error) {
	const blanks = " \t\r\n"
	for text = strings.TrimLeft(text, blanks); text != ""; text = strings.TrimLeft(text, blanks) {
		size := 1
		switch text[0] {
		case '(', ')':
		case '"':
			for ; size < len(text) && text[size] != '"'; size++ {
				if text[size] == '\\' {
					size++
				}
			}
			if size++; size > len(text) {
				return nil, errors.New("the filter has a string without an end")
			}
		default:
			if size = strings.IndexAny(text, blanks+`()"`); size < 0 {
				size = len(text)
			}
		}
		tokens, text = append(tokens, text[:size]), text[size:]
	}
	return tokens, nil
}

// parser makes nodes of tokens.
type parser struct {
	tokens []string // the ones left
	keys   []string // as in filter
}

// peek returns the next token, "" at the end.
func (p *parser) peek() string {
	if len(p.tokens) == 0 {
		return ""
	}
	return p.tokens[0]
}

// take goes on to the token after the next.
func (p *parser) take() { p.tokens = p.tokens[1:] }

func (p *parser) expected(what string) error {
	return fmt.Errorf("the filter has %.32q where %s is expected", p.peek(), what)
}

func (p *parser) or() (*node, error)  { return p.joined("or", p.and) }
func (p *parser) and() (*node, error) { return p.joined("and", p.unit) }

// joined reads operands and the keyword between them.
func (p *parser) joined(keyword string, operand func() (*node, error)) (*node, error) {
	n := &node{op: keyword}
	for {
		next, err := operand()
		if err != nil {
			return nil, err
		}
		n.operands = append(n.operands, next)
		n.terms += next.terms
		n.onStatus += next.onStatus
		if !strings.EqualFold(p.peek(), keyword) {
			break
		}
		p.take()
	}
	if len(n.operands) == 1 {
		return n.operands[0], nil
	}
	return n, nil
}

func (p *parser) unit() (*node, error) {
	if p.peek() != "(" {
		return p.term()
	}
	p.take()
	n, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.peek() != ")" {
		return nil, p.expected("and, or, or )")
	}
	p.take()
	n.grouped = true
	return n, nil
}

func (p *parser) term() (*node, error) {
	n := &node{op: "eq", terms: 1, attribute: strings.ToLower(p.peek())}
	if !slices.Contains([]string{"id", "subject", "email", "status"}, n.attribute) {
		return nil, p.expected("id, subject, email, status or (")
	}
	p.take()
	if !strings.EqualFold(p.peek(), "eq") {
		return nil, p.expected("eq")
	}
	p.take()
	var value string
	if json.Unmarshal([]byte(p.peek()), &value) != nil || p.peek()[0] != '"' {
		return nil, p.expected("a string")
	}
	p.take()
	n.value = fold(value)
	if n.attribute == "status" {
		n.onStatus = 1
	} else {
		p.keys = append(p.keys, indexKey(n.attribute, n.value))
	}
	return n, nil
}
