package sandbox

import (
	"cmp"
	"errors"
	"slices"
)

// filter selects users. Its text is the part of SCIM's filter grammar (RFC 7644, section 3.4.2.2) that clients send:
//
//	or   = and *("or" and)
//	and  = unit *("and" unit)
//	unit = "(" or ")" / attribute "eq" string
//
// Attributes, operators and keywords are read in any case, and values are compared without case. A string is a JSON
// string. Not published: the escapes in a single-quoted one, which are those of JSON and \' here.
type filter struct {
	root        *node // nil: every user
	namesStatus bool
}

// node is a term, or what "and" and "or" join.
type node struct {
	op        string // eq, and, or
	attribute string // of a term
	value     string // of a term, folded
	operands  []*node
	grouped   bool // stands in parentheses
}

// matches reports whether a filter finds a user. Where the filter names no status, bare decides on the user's status.
func (f *filter) matches(r *record, bare BareFilter) bool {
	switch {
	case f.namesStatus, bare == BareAll:
	case r.Status == "deleted", bare == BareActive && r.Status != "active":
		return false
	}
	return f.root == nil || f.root.matches(r)
}

func (n *node) matches(r *record) bool {
	switch n.op {
	case "and":
		return !slices.ContainsFunc(n.operands, func(n *node) bool { return !n.matches(r) })
	case "or":
		return slices.ContainsFunc(n.operands, func(n *node) bool { return n.matches(r) })
	}
	value := r.foldedSubject
	switch n.attribute {
	case "email":
		value = r.foldedEmail
	case "name":
		value = r.foldedName
	case "status":
		value = fold(r.Status)
	case "id":
		value = fold(r.ID)
	}
	return value != "" && value == n.value // an attribute without a value equals nothing
}

// candidates returns all users that may match a filter, each once.
func (d *directory) candidates(f *filter) []*record {
	if f.root != nil {
		if some, ok := d.indexed(f.root); ok {
			slices.SortFunc(some, func(a, b *record) int { return cmp.Compare(a.ID, b.ID) })
			return slices.Compact(some)
		}
	}
	return slices.Clone(d.records)
}

// indexed returns the users that the indexes have for a node. It reports whether they have all that may match.
func (d *directory) indexed(n *node) (some []*record, ok bool) {
	switch {
	case n.op == "and":
		for _, operand := range n.operands {
			if some, ok := d.indexed(operand); ok {
				return some, true
			}
		}
	case n.op == "or":
		for _, operand := range n.operands {
			more, ok := d.indexed(operand)
			if !ok {
				return nil, false
			}
			some = append(some, more...)
		}
		return some, true
	case n.attribute == "subject":
		return slices.Clone(d.bySubject[n.value]), true
	case n.attribute == "email":
		return slices.Clone(d.byEmail[n.value]), true
	case n.attribute == "id":
		if r := d.byID[n.value]; r != nil {
			return []*record{r}, true
		}
		return nil, true
	}
	return nil, false
}

// checkStatus returns an error where terms on the status are not grouped in parentheses of their own, or do not apply
// to the whole query. A query on the status alone needs no parentheses.
func checkStatus(root *node) error {
	if root.hasOnlyStatus() {
		return nil
	}
	parts := []*node{root}
	if root.op == "and" {
		parts = root.operands
	}
	for _, part := range parts {
		applies := root.op == "and" && part.grouped && part.hasOnlyStatus()
		if part.namesStatus() && !applies {
			return errors.New(`terms on status must be grouped and apply to the whole query: (…) and (status eq "active")`)
		}
	}
	return nil
}

func (n *node) hasOnlyStatus() bool {
	if n.op == "eq" {
		return n.attribute == "status"
	}
	return !slices.ContainsFunc(n.operands, func(n *node) bool { return !n.hasOnlyStatus() })
}

func (n *node) namesStatus() bool {
	return n.attribute == "status" || slices.ContainsFunc(n.operands, (*node).namesStatus)
}
