package report

import (
	"slices"
	"strings"

	"qlik-provision/provision"
)

// Claims say who claims a subject or an address that several rows may have. What is kept of a claim is compact, because every row
// of an export may stand there twice. A nil *claims has none.
type claims struct {
	hashes []uint64 // of all rows by index, 0 for none
	again  []uint64 // those that stand there more than once, sorted
	key    func(provision.Row) string

	list []claim
	at   map[uint64]int32 // index in list of the first claim with that hash
}

// A claim is the row that counts, and the first row of somebody else. The row that counts may say nothing of its person, and then two people in two others
// are told apart only by each other: so the first that has a name and the first that has an address are held against all others as well.
type claim struct {
	first, named, addressed, other person

	done bool  // first is
	next int32 // index of the next claim with the same hash, of another key; 0 for none, as no claim is behind the first
}

// A person is a row, packed. Number 0 is nobody.
type person struct {
	number int32
	text   string // subject, name and address, with NULs between, which no cell holds
}

// keep packs a row, without holding on to those around it.
func keep(r provision.Row) person {
	return person{int32(r.Number), r.Subject + "\x00" + r.Name + "\x00" + r.Email}
}

func (p person) row() provision.Row {
	subject, rest, _ := strings.Cut(p.text, "\x00")
	name, email, _ := strings.Cut(rest, "\x00")
	return provision.Row{Number: int(p.number), Subject: subject, Name: name, Email: email}
}

// givesWay reports whether q takes the place of p: it has the lower number, or p is nobody.
func (p person) givesWay(q person) bool { return p.number == 0 || q.number < p.number }

// newClaims is nil where no hash stands there twice.
func newClaims(hashes []uint64, key func(provision.Row) string) *claims {
	again := slices.Clone(hashes)
	slices.Sort(again)
	n := 0
	for i := 1; i < len(again); i++ {
		if h := again[i]; h != 0 && h == again[i-1] && (n == 0 || h != again[n-1]) {
			again[n] = h
			n++
		}
	}
	if n == 0 {
		return nil
	}
	again = slices.Clone(again[:n])
	return &claims{hashes: hashes, again: again, key: key, list: make([]claim, 0, n), at: make(map[uint64]int32, n)}
}

// shared reports whether the row at index may have its key in common with another.
func (c *claims) shared(index int) bool {
	h := c.hashes[index]
	if h == 0 {
		return false
	}
	_, found := slices.BinarySearch(c.again, h)
	return found
}

// find is the claim to the key of the row at index, nil where there is none.
func (c *claims) find(index int, r provision.Row) *claim {
	if c == nil {
		return nil
	}
	i, found := c.at[c.hashes[index]]
	if !found || c.hashes[index] == 0 {
		return nil
	}
	for key := c.key(r); ; {
		at := &c.list[i]
		if c.key(at.first.row()) == key {
			return at
		}
		if i = at.next; i == 0 {
			return nil
		}
	}
}

// stake makes a row the one that counts, unless a row with a lower number does.
func (c *claims) stake(index int, r provision.Row, done bool) {
	at := c.find(index, r)
	if at == nil {
		c.list = append(c.list, claim{})
		i := int32(len(c.list) - 1)
		at = &c.list[i]
		if before, found := c.at[c.hashes[index]]; found {
			at.next = c.list[before].next
			c.list[before].next = i
		} else {
			c.at[c.hashes[index]] = i
		}
	}
	p := keep(r)
	if at.first.givesWay(p) {
		at.first, at.done = p, done
	}
	if r.Name != "" && at.named.givesWay(p) {
		at.named = p
	}
	if r.Email != "" && at.addressed.givesWay(p) {
		at.addressed = p
	}
}

// rivalOf is the first among some that is rival to a row, Number 0 where none is.
func rivalOf(r provision.Row, rival func(a, b provision.Row) bool, among ...person) provision.Row {
	for _, p := range among {
		if a := p.row(); a.Number != 0 && a.Number != r.Number && rival(a, r) {
			return a
		}
	}
	return provision.Row{}
}
