package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestActionsAreWrittenInOneOrderAndReadAgain(t *testing.T) {
	for _, c := range []struct {
		action Action
		want   string
	}{
		{Action{Command: "create", Subject: "Employee ID", Name: "{First} {Last}", Email: "Work Email",
			Status: "active"},
			`create --subject 'Employee ID' --name '{First} {Last}' --email 'Work Email' --status active`},
		{Action{Command: "disable", Subject: "ID"}, `disable --subject ID`},
		{Action{Command: "create", Subject: "auth0|{ID}", Roles: "Roles", EveryonesRoles: []string{"Viewer",
			"Analyst's"}, Status: "invited",
			Update: []string{"name", "roles"}, Where: []string{"Status=Active", "Site!=Rome,Oslo"}},
			`create --subject 'auth0|{ID}' --roles Roles --role Viewer --role 'Analyst'\''s' ` +
				`--status invited --update name,roles ` +
				`--where Status=Active --where 'Site!=Rome,Oslo'`},
		{Action{Command: "create", Subject: "back\\slash $ '", Status: "active"},
			`create --subject 'back\slash $ '\''' --status active`},
		{Action{Command: "create", Subject: "Persönliche Nr.", Name: "--email", Status: "active"},
			`create --subject 'Persönliche Nr.' --name --email --status active`},
	} {
		if got := c.action.String(); got != c.want {
			t.Errorf("%s\nwant %s", got, c.want)
		}
		got, err := parseAction(c.want)
		if err != nil {
			t.Errorf("%s: %v", c.want, err)
		}
		if diff := cmp.Diff(c.action, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestTextsThatAreNoActionsAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                    "neither create nor disable",
		"delete --subject x":  "neither create nor disable",
		"create --subject":    "flag needs an argument: --subject",
		"create --tenant x":   "unknown flag: --tenant",
		"create --subject 'x": "a quote has no end",
		"create subject":      `"subject" is no value of a flag`,
	} {
		if _, err := parseAction(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func FuzzActionsSurviveTheirText(f *testing.F) {
	f.Add("Employee ID", "it's", "$'x'")
	f.Add("a\nb\x00\xff", `back\slash "quoted"`, "\u2028 ü")
	f.Fuzz(func(t *testing.T, subject, name, where string) {
		subject, name, where = cleanCell(subject), cleanCell(name), cleanCell(where)
		a := Action{Command: "create", Subject: subject, Name: name, Status: "active"}
		if where != "" {
			a.Where = []string{where, "x"}
		} else {
			a.Where = []string{"x"}
		}
		s := a.String()
		if strings.ContainsAny(s, "\r\n") {
			t.Errorf("%q has a line end", s)
		}
		got, err := parseAction(s)
		if err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		if diff := cmp.Diff(a, got); diff != "" {
			t.Error(diff)
		}
	})
}
