package sandbox

import (
	"cmp"
	"slices"
	"strings"
)

// gather turns the eq terms of each or, attribute by attribute, into one set, so that a hundred of them cost one look.
func (e *expr) gather() {
	for _, kid := range e.kids {
		kid.gather()
	}
	if e.kind != exprOr {
		return
	}
	sets := make(map[attribute]*expr)
	kept := e.kids[:0]
	for _, kid := range e.kids {
		if kid.kind != exprTerm || kid.operator != "eq" {
			kept = append(kept, kid)
			continue
		}
		set := sets[kid.attribute]
		if set == nil {
			set = &expr{kind: exprOneOf, attribute: kid.attribute, set: make(map[string]struct{}), at: kid.at}
			sets[kid.attribute] = set
			kept = append(kept, set)
		}
		set.set[kid.value] = struct{}{}
	}
	e.kids = kept
}

// matches reports whether a user meets the filter.
func (e *expr) matches(r *record) bool {
	switch e.kind {
	case exprAnd:
		for _, kid := range e.kids {
			if !kid.matches(r) {
				return false
			}
		}
		return true
	case exprOr:
		for _, kid := range e.kids {
			if kid.matches(r) {
				return true
			}
		}
		return false
	case exprNot:
		return !e.kids[0].matches(r)
	}
	have := r.folded(e.attribute)
	if have == "" { // an attribute that is not there equals nothing
		return e.kind == exprTerm && e.operator == "ne"
	}
	if e.kind == exprOneOf {
		_, found := e.set[have]
		return found
	}
	switch e.operator {
	case "eq":
		return have == e.value
	case "ne":
		return have != e.value
	case "co":
		return strings.Contains(have, e.value)
	case "sw":
		return strings.HasPrefix(have, e.value)
	}
	return strings.HasSuffix(have, e.value)
}

func (r *record) folded(a attribute) string {
	switch a {
	case attrSubject:
		return r.fold
	case attrEmail:
		return r.foldAt
	case attrName:
		return fold(r.Name)
	case attrStatus:
		return fold(r.Status)
	}
	return fold(r.ID)
}

// candidates are the users that the indexes leave for a filter, in any order and maybe more than once; ok is false where the
// indexes say nothing and everybody has to be looked at. The tenant's lock is held.
func (d *directory) candidates(e *expr) (some []*record, ok bool) {
	switch e.kind {
	case exprTerm:
		if e.operator == "eq" {
			return d.indexed(e.attribute, e.value)
		}
	case exprOneOf:
		for value := range e.set {
			found, ok := d.indexed(e.attribute, value)
			if !ok {
				return nil, false
			}
			some = append(some, found...)
		}
		return some, true
	case exprOr:
		for _, kid := range e.kids {
			found, ok := d.candidates(kid)
			if !ok {
				return nil, false
			}
			some = append(some, found...)
		}
		return some, true
	case exprAnd:
		for _, kid := range e.kids {
			if found, known := d.candidates(kid); known && (!ok || len(found) < len(some)) {
				some, ok = found, true
			}
		}
		return some, ok
	}
	return nil, false
}

func (d *directory) indexed(a attribute, value string) ([]*record, bool) {
	switch a {
	case attrSubject:
		return d.bySubject[value], true
	case attrEmail:
		return d.byEmail[value], true
	case attrID:
		if r := d.byID[value]; r != nil {
			return []*record{r}, true
		}
		return nil, true
	}
	return nil, false
}

// among is where to look for the users that meet a filter (nil: all of them), in the order of creation.
func (t *Tenant) among(f *filter) []*record {
	t.mu.Lock()
	everybody := t.dir.records
	if f == nil {
		t.mu.Unlock()
		return everybody
	}
	some, ok := t.dir.candidates(f.root)
	t.mu.Unlock()
	if !ok {
		return everybody
	}
	some = slices.Clone(some) // it may be a list of the index
	slices.SortFunc(some, func(a, b *record) int { return cmp.Compare(a.seq, b.seq) })
	return slices.Compact(some)
}
