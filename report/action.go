package report

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"qlik-provision/provision/roster"
	"qlik-provision/provision/text"
)

// An Action is what the rows of a file are for, with everything that decides what is sent. Its text stands in
// the action column: create --subject 'Employee ID' --name '{First} {Last}' --email 'Work Email' --status
// active
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

// parseAction reads an action's text with our own splitter; no shell is involved.
func parseAction(s string) (Action, error) {
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

// quote writes a word so that a POSIX shell, and splitWords, read it as it is. A word that would not survive a
// spreadsheet or a line of the journal gets the quotes of $'…', with each byte that could do harm as \xHH.
func quote(word string) string {
	switch {
	case word != "" && strings.Trim(word, plainCharacters) == "":
		return word
	case utf8.ValidString(word) && !strings.ContainsFunc(word, text.IsControl):
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	b := []byte("$'")
	for _, c := range []byte(word) {
		if c < ' ' || c > '~' || c == '\'' || c == '\\' {
			b = fmt.Appendf(b, `\x%02x`, c)
		} else {
			b = append(b, c)
		}
	}
	return string(append(b, '\''))
}

// plainCharacters need no quotes.
const plainCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-"

// wordPart matches a blank, what is quoted, or plain characters at the beginning of a text.
var wordPart = regexp.MustCompile(`^( |'[^']*'|\$'[^']*'|\\(?s:.)|[^ '\\$]+|\$)`)

// splitWords cuts s into words at blanks, and takes the quotes that quote writes away.
func splitWords(s string) ([]string, error) {
	var words []string
	for begins := true; s != ""; {
		part := wordPart.FindString(s)
		s = s[len(part):]
		switch {
		case part == "":
			return nil, errors.New("a quote has no end")
		case part == " ":
			begins = true
			continue
		case part[0] == '\'':
			part = part[1 : len(part)-1]
		case part[0] == '\\':
			part = part[1:]
		case strings.HasPrefix(part, "$'"):
			var err error
			part, err = strconv.Unquote(`"` + strings.ReplaceAll(part[2:len(part)-1], `"`, `\"`) + `"`)
			if err != nil {
				return nil, errors.New(`what follows a backslash is not the code of a byte`)
			}
		}
		if begins {
			words = append(words, "")
		}
		words[len(words)-1] += part
		begins = false
	}
	return words, nil
}
