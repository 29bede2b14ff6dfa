package provision

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"qlik-provision/provision/qlik"
)

// The rules in this file are the only ones by which people are compared, in a file and on a tenant. Text is compared in
// Unicode NFC, case folded, with runs of white space as one blank and ’ as '. What is sent stays as it is.

// SamePerson reports whether two people under one subject are one person: their names agree, or their addresses agree,
// or their names are close and one side has no address, or they have nothing in common that could be compared.
func SamePerson(a, b Person) bool {
	same, _ := compare(a, b)
	return same
}

// compare is SamePerson; sure is false where only close names make them one person: too little to write on.
func compare(a, b Person) (same, sure bool) {
	names := compareNames(a, b)
	emailA, emailB := EmailKey(a.Email), EmailKey(b.Email)
	noEmail := emailA == "" || emailB == ""
	sure = names == namesAgree || !noEmail && emailA == emailB || noEmail && names == namesUnknown
	return sure || noEmail && names == namesClose, sure
}

// A likeness says how two names compare.
type likeness int

const (
	namesDiffer  likeness = iota
	namesUnknown          // one of them has no words
	namesClose            // they share a word; initials do not count
	namesAgree            // they have the same words in any order, punctuation aside
)

func compareNames(a, b Person) likeness {
	wordsA, wordsB := words(nameOf(a, b)), words(nameOf(b, a))
	shared := func(word string) bool { return !isInitial(word) && slices.Contains(wordsB, word) }
	switch {
	case len(wordsA) == 0 || len(wordsB) == 0:
		return namesUnknown
	case slices.Equal(wordsA, wordsB):
		return namesAgree
	case slices.ContainsFunc(wordsA, shared):
		return namesClose
	}
	return namesDiffer
}

// nameOf is a's name, empty where it is nothing but an address of the two.
func nameOf(a, b Person) string {
	if key := EmailKey(a.Name); key == EmailKey(a.Email) || key == EmailKey(b.Email) {
		return ""
	}
	return a.Name
}

func isInitial(word string) bool {
	r, size := utf8.DecodeRuneInString(word)
	return size == len(word) && unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic)
}

// words are the words of a name, folded and sorted. An apostrophe belongs to its word, other punctuation separates.
func words(name string) []string {
	separates := func(r rune) bool { return !unicode.In(r, unicode.L, unicode.M, unicode.N) }
	list := strings.FieldsFunc(strings.ReplaceAll(Fold(name), "'", ""), separates)
	slices.Sort(list)
	return list
}

// Fold returns the form in which texts are compared: NFC, case folded, white space runs as one blank, ’ as '.
func Fold(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	return strings.ReplaceAll(foldCase(s), "’", "'")
}

// SubjectKey returns the key of a subject: subjects that differ only in case and Unicode form have the same.
func SubjectKey(subject string) string { return foldCase(subject) }

// EmailKey returns the key of an address: addresses that differ only in case have the same. It is empty for none.
func EmailKey(email string) string { return foldCase(strings.TrimSpace(email)) }

func foldCase(s string) string {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return norm.NFC.String(cases.Fold().String(norm.NFC.String(s)))
		}
	}
	return strings.ToLower(s)
}

// A matchKind says how a row's person relates to the users that a lookup found.
type matchKind int

const (
	noMatch         matchKind = iota // the person has no user
	subjectMatch                     // the person's user, found by subject
	emailMatch                       // the person's user, found by address under another subject
	subjectConflict                  // a user with the row's subject belongs to another person
	emailConflict                    // a user with the row's address belongs to another person
)

// A match is what a lookup means for one row.
type match struct {
	kind matchKind
	user qlik.User // zero where kind is noMatch
	sure bool      // it is enough to write on: for an emailMatch the names agree; else it is not close names alone
	// other is a user with the row's address, where user has the row's subject; its ID is empty where there is none.
	other qlik.User
}

// A directory is the users that a lookup found, by subject, by email and by ID. Deleted users are left out. Of several,
// active ones go first and disabled ones last.
type directory struct {
	subjects, emails map[string][]qlik.User
	ids              map[string]qlik.User
}

func newDirectory(users []qlik.User) directory {
	ranks := map[string]int{"active": -1, "disabled": 1}
	slices.SortStableFunc(users, func(a, b qlik.User) int {
		return ranks[strings.ToLower(a.Status)] - ranks[strings.ToLower(b.Status)]
	})
	d := directory{map[string][]qlik.User{}, map[string][]qlik.User{}, map[string]qlik.User{}}
	for _, u := range users {
		if !hasStatus(u, "deleted") {
			d.ids[u.ID] = u
			d.subjects[SubjectKey(u.Subject)] = append(d.subjects[SubjectKey(u.Subject)], u)
			d.emails[EmailKey(u.Email)] = append(d.emails[EmailKey(u.Email)], u)
		}
	}
	delete(d.emails, "")
	return d
}

func hasStatus(u qlik.User, status string) bool { return strings.EqualFold(u.Status, status) }

// match finds the person's user. After a conflict a user whose subject differs in case only counts as found, whoever it
// belongs to.
func (d directory) match(p Person, afterConflict bool) match {
	m := d.bySubject(p, afterConflict)
	byEmail := d.byEmail(p, m.user.ID)
	if m.kind == noMatch {
		return byEmail
	}
	m.other = byEmail.user
	return m
}

// bySubject prefers the very subject, then one that differs in case and Unicode form only and is the same person.
func (d directory) bySubject(p Person, afterConflict bool) (best match) {
	for _, u := range d.subjects[SubjectKey(p.Subject)] {
		same, sure := compare(p, Person{Name: u.Name, Email: u.Email})
		m := match{kind: subjectMatch, user: u, sure: sure}
		if !same {
			m.kind = subjectConflict
		}
		switch {
		case u.Subject == p.Subject:
			return m
		case best.kind == noMatch && (same || afterConflict), best.kind == subjectConflict && same:
			best = m
		}
	}
	return best
}

// byEmail finds the user with the person's address, the user with one ID aside. The address of a disabled user may have
// been given to a newcomer: there only a name that agrees makes them the same person.
func (d directory) byEmail(p Person, except string) (best match) {
	for _, u := range d.emails[EmailKey(p.Email)] {
		if u.ID == except {
			continue
		}
		names := compareNames(p, Person{Name: u.Name, Email: u.Email})
		switch {
		case names == namesAgree, names != namesDiffer && !hasStatus(u, "disabled"):
			return match{kind: emailMatch, user: u, sure: names == namesAgree}
		case best.kind == noMatch:
			best = match{kind: emailConflict, user: u}
		}
	}
	return best
}
