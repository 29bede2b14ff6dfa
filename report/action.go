package report

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/pflag"

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

// Flags are the flags of the action, in the order in which they are written: setting one changes the action.
func (a *Action) Flags() *pflag.FlagSet {
	f := pflag.NewFlagSet("action", pflag.ContinueOnError)
	f.SortFlags = false
	f.StringVar(&a.Subject, "subject", a.Subject, "")
	f.StringVar(&a.Name, "name", a.Name, "")
	f.StringVar(&a.Email, "email", a.Email, "")
	f.StringVar(&a.Roles, "roles", a.Roles, "")
	f.StringArrayVar(&a.EveryonesRoles, "role", a.EveryonesRoles, "")
	f.StringVar(&a.Status, "status", a.Status, "")
	f.StringSliceVar(&a.Update, "update", a.Update, "")
	f.StringArrayVar(&a.Where, "where", a.Where, "")
	return f
}

// String writes the action with one quoting, POSIX's, on every platform.
func (a Action) String() string {
	s := quote(a.Command)
	a.Flags().VisitAll(func(f *pflag.Flag) {
		values := []string{f.Value.String()}
		if f.Name == "update" {
			values[0] = strings.Join(a.Update, ",")
		} else if list, repeated := f.Value.(pflag.SliceValue); repeated {
			values = list.GetSlice()
		}
		for _, v := range values {
			if v != "" {
				s += " --" + f.Name + " " + quote(v)
			}
		}
	})
	return s
}

// parseAction reads an action's text with our own splitter; no shell is involved.
func parseAction(s string) (a Action, err error) {
	words, err := splitWords(s)
	if err != nil {
		return a, err
	}
	if len(words) == 0 || words[0] != "create" && words[0] != "disable" {
		return a, errors.New("it begins with neither create nor disable")
	}
	a.Command = words[0]
	f := a.Flags()
	if err := f.Parse(words[1:]); err != nil {
		return a, err
	}
	if f.NArg() > 0 {
		return a, fmt.Errorf("%q is no value of a flag", f.Arg(0))
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
