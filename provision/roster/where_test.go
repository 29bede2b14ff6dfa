package roster_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/roster"
)

func TestConditionsSkipRows(t *testing.T) {
	const text = "Login,Status,Team,Floor,Employee ID\n" +
		"a,Active,O’Brien’s  Team,x,1\n" +
		"b,TERMINATED,,y,2\n" +
		"c,\u00a0inactive ,GROSS,x,3\n" +
		"d,\"Terminated, voluntary\",Zoë,x,4\n" +
		"e,,Zoe\u0308,x,5\n"
	for _, c := range []struct {
		where []string
		left  string // the logins of the rows that are left
	}{
		{[]string{"Status=active"}, "a"},
		{[]string{"status = Active"}, "a"},
		{[]string{"Status!=Terminated,Inactive"}, "ade"},
		{[]string{"Status!=terminated, voluntary,inactive"}, "ae"},
		{[]string{"Status=Terminated, voluntary"}, "bd"},
		{[]string{"Status="}, "e"},
		{[]string{"Status!="}, "abcd"},
		{[]string{"Team=o'brien's team"}, "a"},
		{[]string{"Team=groß"}, "c"},
		{[]string{"Team=ZOË"}, "de"},
		{[]string{"Status!=Terminated", "Team!=Zoë"}, "ac"},
		{[]string{"EMPLOYEE-ID=1,2,3"}, "abc"},
	} {
		r, err := export(text, roster.Options{Subject: "Login", Where: c.where})
		if err != nil {
			t.Errorf("%q: %v", c.where, err)
			continue
		}
		left := ""
		for _, row := range r.Rows {
			if !row.Skipped {
				left += row.Person.Subject
			} else if row.Message == "" || row.Code != "" || row.Sendable() {
				t.Errorf("%q: a skipped row has code %q and message %q", c.where, row.Code, row.Message)
			}
		}
		if left != c.left {
			t.Errorf("%q: got %s, want %s", c.where, left, c.left)
		}
	}
}

func TestSkippedRowsAreNotJudged(t *testing.T) {
	const text = "Login,Name,Status\nN/A,A,gone\nTotal: 2\nEnd of report,,gone\nb,B,here\n"
	r := mustExport(t, text, roster.Options{Where: []string{"Status=here"}})
	for _, row := range r.Rows[:3] {
		if !row.Skipped || row.Code != "" {
			t.Errorf("%s: skipped %v, code %q", row.Person.Subject, row.Skipped, row.Code)
		}
	}
}

func TestEveryConditionLooksForItsValuesInEveryRow(t *testing.T) {
	r := mustExport(t, "Login,Status,Team\na,Active,IT\nb,Gone,HR\n",
		roster.Options{Where: []string{"Status=Active", "Team!=HR"}})
	if len(r.Warnings) > 0 {
		t.Errorf("got %v", r.Warnings)
	}
}

func TestRetryMayHaveNoRowLeft(t *testing.T) {
	o := roster.Options{Subject: "Login", Decided: true, Where: []string{"Status=Active"}}
	if r := mustExport(t, "Login,Status\na,Gone\n", o); !r.Rows[0].Skipped {
		t.Error("the row is not skipped")
	}
}

func TestConditionThatCannotBeMetIsRefused(t *testing.T) {
	const text = "Login,Status\na,Active\nb,Leave\n"
	for where, want := range map[string]struct {
		message string
		fix     csvfile.Fix
	}{
		"Statsu=Active": {`the headers are "Login", "Status"; did you mean "Status" (first value "Active")?`,
			csvfile.Fix{Option: roster.OptionWhere, Value: "Status=Active", Was: "Statsu=Active"}},
		"Statsu!=Active": {`no column "Statsu"`,
			csvfile.Fix{Option: roster.OptionWhere, Value: "Status!=Active", Was: "Statsu!=Active"}},
		"Status=Active,": {"an empty value beside others",
			csvfile.Fix{Option: roster.OptionWhere, Value: "Status=Active", Was: "Status=Active,"}},
		"Status!=, Leave,,Gone": {"an empty value beside others",
			csvfile.Fix{Option: roster.OptionWhere, Value: "Status!= Leave,Gone", Was: "Status!=, Leave,,Gone"}},
		"Department=IT": {`no column "Department"`, csvfile.Fix{Option: roster.OptionWhere}},
		"Status=Activ":  {`column "Status" has "Active", "Leave"`, csvfile.Fix{Option: roster.OptionWhere}},
		"Status":        {"no header and value", csvfile.Fix{Option: roster.OptionWhere}},
		"=Active":       {"no header and value", csvfile.Fix{Option: roster.OptionWhere}},
		"!=Active":      {"no header and value", csvfile.Fix{Option: roster.OptionWhere}},
	} {
		e := mustRefuse(t, text, roster.Options{Where: []string{where}})
		if !strings.Contains(e.Message, want.message) || e.Fix != want.fix {
			t.Errorf("%s: got %v, fix %+v", where, e, e.Fix)
		}
	}
}

func TestValueThatNoRowHasIsWarnedOf(t *testing.T) {
	r := mustExport(t, "Login,Status\na,Active\nb,Leave\n", roster.Options{Where: []string{"Status!=Leave, Gone"}})
	want := []roster.Warning{{
		Text: `the condition "Status!=Leave, Gone": no row has "Gone" in column "Status"; it has "Active", "Leave"`,
	}}
	if diff := cmp.Diff(want, r.Warnings); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
