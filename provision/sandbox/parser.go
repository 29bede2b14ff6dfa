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
func parseFilter(text string, maxTerms int) (*filter, error) {
	if !utf8.ValidString(text) {
		return nil, errors.New("the filter is no valid UTF-8")
	}
	p := &parser{rest: text, maxTerms: maxTerms}
	if err := p.advance(); err != nil {
		return nil, err
	}
	root, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.token != "" {
		return nil, p.expected("and, or, or the end")
	}
	return &filter{root, root.namesStatus()}, checkStatus(root)
}

// parser reads the text of a filter, one token at a time.
type parser struct {
	token    string // a word, a string with its quotes, a parenthesis, or "" at the end
	rest     string // the text after token
	maxTerms int
	terms    int
	depth    int // of parentheses
}

// maxDepth is how deep parentheses may nest.
const maxDepth = 64

func (p *parser) or() (*node, error)  { return p.joined("or", p.and) }
func (p *parser) and() (*node, error) { return p.joined("and", p.unit) }

// joined reads operands and the keyword between them.
func (p *parser) joined(keyword string, operand func() (*node, error)) (*node, error) {
	first, err := operand()
	if err != nil {
		return nil, err
	}
	n := &node{op: keyword, operands: []*node{first}}
	for strings.EqualFold(p.token, keyword) {
		if err := p.advance(); err != nil {
			return nil, err
		}
		next, err := operand()
		if err != nil {
			return nil, err
		}
		n.operands = append(n.operands, next)
	}
	if len(n.operands) == 1 {
		return first, nil
	}
	return n, nil
}

func (p *parser) unit() (*node, error) {
	if p.token != "(" {
		return p.term()
	}
	if p.depth++; p.depth > maxDepth {
		return nil, fmt.Errorf("parentheses nest deeper than %d", maxDepth)
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	n, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.token != ")" {
		return nil, p.expected("and, or, or )")
	}
	p.depth--
	n.grouped = true
	return n, p.advance()
}

func (p *parser) term() (*node, error) {
	n := &node{op: "eq", attribute: strings.ToLower(p.token)}
	if !slices.Contains([]string{"subject", "email", "id", "name", "status"}, n.attribute) {
		return nil, p.expected("subject, email, id, name, status or (")
	}
	if p.terms++; p.terms > p.maxTerms {
		return nil, fmt.Errorf("the filter is too complex: more than %d terms", p.maxTerms)
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if !strings.EqualFold(p.token, "eq") {
		return nil, p.expected("eq")
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	value, ok := unquote(p.token)
	if !ok {
		return nil, p.expected("a string")
	}
	n.value = fold(value)
	return n, p.advance()
}

func (p *parser) expected(what string) error {
	return fmt.Errorf("the filter has %.32q where %s is expected", p.token, what)
}

// advance reads the next token.
func (p *parser) advance() error {
	text := strings.TrimLeft(p.rest, " \t\r\n")
	size := 0
	switch {
	case text == "":
	case text[0] == '(' || text[0] == ')':
		size = 1
	case text[0] == '"' || text[0] == '\'':
		for size = 1; size < len(text) && text[size] != text[0]; size++ {
			if text[size] == '\\' {
				size++
			}
		}
		if size++; size > len(text) {
			return errors.New("the filter has a string without an end")
		}
	default:
		if size = strings.IndexAny(text, " \t\r\n()\"'"); size < 0 {
			size = len(text)
		}
	}
	p.token, p.rest = text[:size], text[size:]
	return nil
}

// unquote returns the value of a string token.
func unquote(token string) (value string, ok bool) {
	if strings.HasPrefix(token, "'") {
		token = `"` + singleQuotes.Replace(token[1:len(token)-1]) + `"`
	}
	return value, strings.HasPrefix(token, `"`) && json.Unmarshal([]byte(token), &value) == nil
}

// singleQuotes makes the inside of a single-quoted string that of a JSON string.
var singleQuotes = strings.NewReplacer(`\\`, `\\`, `\'`, `'`, `\"`, `\"`, `"`, `\"`)
