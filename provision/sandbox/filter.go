package sandbox

import (
	"errors"
	"slices"
)

// filter selects users. Its text is the part of SCIM's filter grammar (RFC 7644, section 3.4.2.2) that the tool sends:
//
//	or   = and *("or" and)
//	and  = unit *("and" unit)
//	unit = "(" or ")" / attribute "eq" string
//
// Attributes, operators and keywords are read in any case, and values are compared without case. A string is a JSON
// string. The attributes are id, subject, email and status.
type filter struct {
	root *node    // nil: every user
	keys []string // of the index, one for each term that is not on the status
}

// node is a term, or what "and" and "or" join.
type node struct {
	op        string // eq, and, or
	attribute string // of a term
	value     string // of a term, folded
	operands  []*node
	grouped   bool // stands in parentheses

	terms, onStatus int // how many terms it has, and how many of them are on the status
}

// matches reports whether a filter finds a user. Where the filter names no status, bare decides on the user's status.
func (f filter) matches(r *record, bare BareFilter) bool {
	if f.root == nil || f.root.onStatus == 0 {
		if bare == BareActive && r.Status != "active" || bare == BareNotDeleted && r.Status == "deleted" {
			return false
		}
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
	if n.value == "" {
		return false // an attribute without a value equals nothing
	}
	switch n.attribute {
	case "subject":
		return r.foldedSubject == n.value
	case "email":
		return r.foldedEmail == n.value
	case "status":
		return r.Status == n.value
	}
	return r.foldedID == n.value
}

// candidates returns all users that may match a filter, each once: those with one of the values that the filter names.
func (d *directory) candidates(f filter) []*record {
	if len(f.keys) == 0 {
		return d.records
	}
	var found []*record
	seen := map[*record]bool{}
	for _, key := range f.keys {
		for _, r := range d.index[key] {
			if !seen[r] {
				seen[r] = true
				found = append(found, r)
			}
		}
	}
	return found
}

// checkStatus returns an error where terms on the status are not grouped in parentheses of their own, or do not apply
// to the whole query. A query on the status alone needs no parentheses.
func (f filter) checkStatus() error {
	if f.root.onStatus == f.root.terms {
		return nil
	}
	parts := []*node{f.root}
	if f.root.op == "and" {
		parts = f.root.operands
	}
	for _, part := range parts {
		if part.onStatus > 0 && !(part.grouped && part.onStatus == part.terms) {
			return errors.New(`terms on status must be grouped and apply to the whole query: (…) and (status eq "active")`)
		}
	}
	return nil
}
