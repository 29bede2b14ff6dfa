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
	tokens, err := tokenize(text)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens, maxTerms: maxTerms}
	root, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.peek() != "" {
		return nil, p.expected("and, or, or the end")
	}
	return &filter{root, root.namesStatus()}, checkStatus(root)
}

// tokenize splits a filter into words, strings with their quotes, and parentheses.
func tokenize(text string) (tokens []string, err error) {
	const blanks = " \t\r\n"
	for text = strings.TrimLeft(text, blanks); text != ""; text = strings.TrimLeft(text, blanks) {
		size := 1
		switch c := text[0]; c {
		case '(', ')':
		case '"', '\'':
			for ; size < len(text) && text[size] != c; size++ {
				if text[size] == '\\' {
					size++
				}
			}
			if size++; size > len(text) {
				return nil, errors.New("the filter has a string without an end")
			}
		default:
			if size = strings.IndexAny(text, blanks+"()\"'"); size < 0 {
				size = len(text)
			}
		}
		tokens, text = append(tokens, text[:size]), text[size:]
	}
	return tokens, nil
}

// parser makes nodes of tokens.
type parser struct {
	tokens   []string // the ones left
	maxTerms int
	terms    int
	depth    int // of parentheses
}

// maxDepth is how deep parentheses may nest.
const maxDepth = 64

// peek returns the next token, "" at the end.
func (p *parser) peek() string {
	if len(p.tokens) == 0 {
		return ""
	}
	return p.tokens[0]
}

// take returns the next token and goes on to the one after it.
func (p *parser) take() string {
	token := p.peek()
	p.tokens = p.tokens[min(1, len(p.tokens)):]
	return token
}

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
	if p.depth++; p.depth > maxDepth {
		return nil, fmt.Errorf("parentheses nest deeper than %d", maxDepth)
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
	p.depth--
	n.grouped = true
	return n, nil
}

func (p *parser) term() (*node, error) {
	n := &node{op: "eq", attribute: strings.ToLower(p.peek())}
	if !slices.Contains([]string{"subject", "email", "id", "name", "status"}, n.attribute) {
		return nil, p.expected("subject, email, id, name, status or (")
	}
	p.take()
	if p.terms++; p.terms > p.maxTerms {
		return nil, fmt.Errorf("the filter is too complex: more than %d terms", p.maxTerms)
	}
	if !strings.EqualFold(p.peek(), "eq") {
		return nil, p.expected("eq")
	}
	p.take()
	value, ok := unquote(p.peek())
	if !ok {
		return nil, p.expected("a string")
	}
	p.take()
	n.value = fold(value)
	return n, nil
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
