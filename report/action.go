package report

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/pflag"

	"qlik-provision/provision/roster"
)

// An Action is what the rows of a file are for, with everything that decides what is sent. Its text stands in the
// action column: create --subject 'Employee ID' --name '{First} {Last}' --email 'Work Email' --status active
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

// quote writes a word so that a POSIX shell, and splitWords, read it as it is, but for control characters: a cell of
// the file and a line of the journal have none, and headers and values match without them.
func quote(word string) string {
	word = cleanCell(word)
	if plainWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// They are read only: a word that needs no quotes, and a word as quote writes it.
var (
	plainWord  = regexp.MustCompile(`^[a-zA-Z0-9_@%+=:,./-]+$`)
	quotedWord = regexp.MustCompile(`'(?:[^']|'\\'')*'|[^' ]+`)
)

// splitWords cuts s into words at blanks, and takes the quotes that quote writes away.
func splitWords(s string) ([]string, error) {
	words := quotedWord.FindAllString(s, -1)
	if strings.Join(words, " ") != s {
		return nil, errors.New("a quote has no end")
	}
	for i, word := range words {
		if strings.HasPrefix(word, "'") {
			words[i] = strings.ReplaceAll(word[1:len(word)-1], `'\''`, "'")
		}
	}
	return words, nil
}
