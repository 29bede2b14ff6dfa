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
	nameA, nameB := words(nameOf(a, b)), words(nameOf(b, a))
	emailA, emailB := EmailKey(a.Email), EmailKey(b.Email)
	names := len(nameA) > 0 && len(nameB) > 0
	emails := emailA != "" && emailB != ""
	switch {
	case !names && !emails:
		return true, true
	case names && slices.Equal(nameA, nameB), emails && emailA == emailB:
		return true, true
	case names && !emails && shareWord(nameA, nameB):
		return true, false
	}
	return false, false
}

// nameOf is a's name, empty where it is nothing but an address of the two.
func nameOf(a, b Person) string {
	if !strings.Contains(a.Name, "@") {
		return a.Name
	}
	if key := EmailKey(a.Name); key == EmailKey(a.Email) || key == EmailKey(b.Email) {
		return ""
	}
	return a.Name
}

// NamesAgree reports whether two names have the same words in any order, punctuation aside. A name without words agrees
// with none.
func NamesAgree(a, b string) bool {
	wordsA, wordsB := words(a), words(b)
	return len(wordsA) > 0 && slices.Equal(wordsA, wordsB)
}

// NamesClose reports whether two names share a word; initials do not count.
func NamesClose(a, b string) bool { return shareWord(words(a), words(b)) }

func shareWord(a, b []string) bool {
	return slices.ContainsFunc(a, func(word string) bool {
		_, found := slices.BinarySearch(b, word)
		return found && !isInitial(word)
	})
}

func isInitial(word string) bool {
	r, size := utf8.DecodeRuneInString(word)
	return size == len(word) && unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic)
}

// words are the words of a name, folded and sorted. An apostrophe belongs to its word, other punctuation separates.
func words(name string) []string {
	list := strings.FieldsFunc(Fold(name), func(r rune) bool {
		return !unicode.In(r, unicode.L, unicode.M, unicode.N) && r != '\''
	})
	for i, word := range list {
		list[i] = strings.ReplaceAll(word, "'", "")
	}
	list = slices.DeleteFunc(list, func(word string) bool { return word == "" })
	slices.Sort(list)
	return list
}

// Fold returns the form in which texts are compared: NFC, case folded, white space runs as one blank, ’ as '. What is
// sent is never folded.
func Fold(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	return strings.ReplaceAll(foldCase(s), "’", "'")
}

// SubjectKey returns the key of a subject: subjects that differ only in case and Unicode form have the same.
func SubjectKey(subject string) string { return foldCase(subject) }

// EmailKey returns the key of an address on a tenant; addresses that differ only in case have the same. It is empty
// for an empty address.
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

// A directory is the users that a lookup found, by subject, by address and by ID. Deleted users are left out.
type directory struct {
	subjects, addresses map[string][]qlik.User
	ids                 map[string]qlik.User
}

func newDirectory(users []qlik.User) directory {
	d := directory{map[string][]qlik.User{}, map[string][]qlik.User{}, map[string]qlik.User{}}
	for _, u := range users {
		if hasStatus(u, "deleted") {
			continue
		}
		d.ids[u.ID] = u
		d.subjects[SubjectKey(u.Subject)] = append(d.subjects[SubjectKey(u.Subject)], u)
		if key := EmailKey(u.Email); key != "" {
			d.addresses[key] = append(d.addresses[key], u)
		}
	}
	return d
}

// match finds the person's user. After a conflict a user whose subject differs in case only counts as found, whoever it
// belongs to.
func (d directory) match(p Person, afterConflict bool) match {
	m := d.bySubject(p, afterConflict)
	address := d.byEmail(p, m.user.ID)
	if m.kind == noMatch {
		return address
	}
	m.other = address.user
	return m
}

// bySubject prefers the very subject, then one that differs in case and Unicode form only and is the same person.
func (d directory) bySubject(p Person, afterConflict bool) match {
	users := d.subjects[SubjectKey(p.Subject)]
	exact := slices.IndexFunc(users, func(u qlik.User) bool { return u.Subject == p.Subject })
	if exact >= 0 {
		return matchSubject(p, users[exact])
	}
	var best match
	for _, u := range activeFirst(users) {
		m := matchSubject(p, u)
		if m.kind == subjectMatch {
			return m
		}
		if afterConflict && best.kind == noMatch {
			best = m
		}
	}
	return best
}

func matchSubject(p Person, u qlik.User) match {
	same, sure := compare(p, Person{Name: u.Name, Email: u.Email})
	if !same {
		return match{kind: subjectConflict, user: u}
	}
	return match{kind: subjectMatch, user: u, sure: sure}
}

// byEmail finds the user with the person's address, the user with one ID aside. The address of a disabled user
// may have been given to a newcomer: there only a name that agrees makes them the same person.
func (d directory) byEmail(p Person, except string) match {
	key := EmailKey(p.Email)
	if key == "" {
		return match{}
	}
	var best match
	for _, u := range activeFirst(d.addresses[key]) {
		if u.ID == except {
			continue
		}
		other := Person{Name: u.Name, Email: u.Email}
		nameP, nameU := nameOf(p, other), nameOf(other, p)
		m := match{kind: emailConflict, user: u}
		switch unnamed := len(words(nameP)) == 0 || len(words(nameU)) == 0; {
		case NamesAgree(nameP, nameU):
			m.kind, m.sure = emailMatch, true
		case (unnamed || NamesClose(nameP, nameU)) && !hasStatus(u, "disabled"):
			m.kind = emailMatch
		}
		if m.kind == emailMatch {
			return m
		}
		if best.kind == noMatch {
			best = m
		}
	}
	return best
}

// activeFirst orders users: active ones, then others, then disabled ones.
func activeFirst(users []qlik.User) []qlik.User {
	rank := func(u qlik.User) int {
		switch {
		case hasStatus(u, "active"):
			return 0
		case hasStatus(u, "disabled"):
			return 2
		}
		return 1
	}
	if len(users) < 2 {
		return users
	}
	users = slices.Clone(users)
	slices.SortStableFunc(users, func(a, b qlik.User) int { return rank(a) - rank(b) })
	return users
}

func hasStatus(u qlik.User, status string) bool { return strings.EqualFold(u.Status, status) }
