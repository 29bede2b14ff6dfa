package report

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"qlik-provision/provision/roster"
	"qlik-provision/provision/text"
)

// An Action is what the rows of a file are for, with everything that decides what is sent. Its text stands in the action
// column: create --subject 'Employee ID' --name '{First} {Last}' --email 'Work Email' --status active
type Action struct {
	Command                     string // create or disable
	Subject, Name, Email, Roles string // sources as roster.Options take them; "" for none
	EveryonesRoles              []string
	Update                      []string // name, roles, status
	Where                       []string
	Status                      string // active or invited; "" for disable
}

// Sources are the options under which a roster derives the persons that the action was for.
func (a Action) Sources() roster.Options {
	return roster.Options{
		Subject: a.Subject, Name: a.Name, Email: a.Email, Roles: a.Roles,
		Decided: true, EveryonesRoles: a.EveryonesRoles, Where: a.Where, NeedEmail: a.Status == "invited",
	}
}

// String writes the action with one quoting, POSIX's, on every platform.
func (a Action) String() string {
	var b strings.Builder
	b.WriteString(quote(a.Command))
	option := func(flag string, values ...string) {
		for _, v := range values {
			if v != "" {
				b.WriteString(" --" + flag + " " + quote(v))
			}
		}
	}
	option("subject", a.Subject)
	option("name", a.Name)
	option("email", a.Email)
	option("roles", a.Roles)
	option("role", a.EveryonesRoles...)
	option("status", a.Status)
	option("update", strings.Join(a.Update, ","))
	option("where", a.Where...)
	return b.String()
}

// ParseAction reads an action's text with our own splitter; no shell is involved.
func ParseAction(s string) (Action, error) {
	words, err := splitWords(s)
	if err != nil {
		return Action{}, err
	}
	if len(words) == 0 || words[0] != "create" && words[0] != "disable" {
		return Action{}, errors.New("it begins with neither create nor disable")
	}
	a := Action{Command: words[0]}
	single := map[string]*string{"--subject": &a.Subject, "--name": &a.Name, "--email": &a.Email, "--roles": &a.Roles,
		"--status": &a.Status}
	for rest := words[1:]; len(rest) > 0; rest = rest[2:] {
		if len(rest) == 1 {
			return Action{}, fmt.Errorf("%s has no value", rest[0])
		}
		flag, value := rest[0], rest[1]
		target, known := single[flag]
		switch {
		case known && *target != "":
			return Action{}, fmt.Errorf("%s stands twice", flag)
		case known:
			*target = value
		case flag == "--role":
			a.EveryonesRoles = append(a.EveryonesRoles, value)
		case flag == "--where":
			a.Where = append(a.Where, value)
		case flag == "--update" && a.Update == nil:
			a.Update = strings.Split(value, ",")
		default:
			return Action{}, fmt.Errorf("%q is not an option of an action", flag)
		}
	}
	return a, nil
}

// quote writes a word so that a POSIX shell, and splitWords, read it as it is. A word that would not survive a spreadsheet or a
// line of the journal, because it has control characters, gets the quotes of $'…'.
func quote(word string) string {
	odd := func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && !strings.ContainsRune("_@%+=:,./-", r)
	}
	switch {
	case !utf8.ValidString(word) || strings.ContainsFunc(word, text.IsControl):
		return quoteBytes(word)
	case word == "" || strings.ContainsFunc(word, odd):
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return word
}

// quoteBytes writes a word in the quotes of $'…', with each byte that is not printable ASCII as \xHH.
func quoteBytes(word string) string {
	var b strings.Builder
	b.WriteString("$'")
	for i := range len(word) {
		switch c := word[i]; {
		case c == '\'' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('\'')
	return b.String()
}

// splitWords cuts s into words at blanks, and takes quotes away: '…', $'…' and backslashes.
func splitWords(s string) ([]string, error) {
	var words []string
	for s = strings.TrimLeft(s, " \t\r\n"); s != ""; s = strings.TrimLeft(s, " \t\r\n") {
		word, rest, err := cutWord(s)
		if err != nil {
			return nil, err
		}
		words, s = append(words, word), rest
	}
	return words, nil
}

// cutWord takes the first word off s, which begins with one.
func cutWord(s string) (word, rest string, err error) {
	var b strings.Builder
	for s != "" {
		var part string
		switch c := s[0]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			return b.String(), s, nil
		case c == '\'':
			end := strings.IndexByte(s[1:], '\'')
			if end < 0 {
				return "", "", errors.New("a quote has no end")
			}
			part, s = s[1:1+end], s[end+2:]
		case strings.HasPrefix(s, "$'"):
			if part, s, err = cutEscaped(s[2:]); err != nil {
				return "", "", err
			}
		case c == '\\' && len(s) > 1:
			_, size := utf8.DecodeRuneInString(s[1:])
			part, s = s[1:1+size], s[1+size:]
		default:
			part, s = s[:1], s[1:]
		}
		b.WriteString(part)
	}
	return b.String(), "", nil
}

// cutEscaped reads up to the end of $'…'. A backslash stands before a character that means itself, or before xHH for a byte.
func cutEscaped(s string) (part, rest string, err error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\'':
			return b.String(), s[i+1:], nil
		case c != '\\' || i+1 == len(s):
		case s[i+1] == 'x' && i+3 < len(s):
			if _, err := fmt.Sscanf(s[i+2:i+4], "%02x", &c); err != nil {
				return "", "", fmt.Errorf("%q is not the code of a byte", s[i:i+4])
			}
			i += 3
		default:
			i++
			c = s[i]
		}
		b.WriteByte(c)
	}
	return "", "", errors.New("a quote has no end")
}
