package roster_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/roster"
)

func TestNewHiresHaveSixtyRowsOfWhichTwoAreInvalid(t *testing.T) {
	b, err := os.ReadFile("../../testdata/exports/new-hires.csv")
	if err != nil {
		t.Fatal(err)
	}
	r, err := read("new-hires.csv", b, csvfile.Options{}, roster.Options{})
	if err != nil {
		t.Fatal(err)
	}
	invalid := 0
	for _, row := range r.Rows {
		if row.Code != "" {
			invalid++
		}
	}
	if len(r.Rows) != 60 || invalid != 2 || len(r.Warnings) != 0 {
		t.Errorf("got %d rows, %d invalid, warnings %v; want 60, 2, none", len(r.Rows), invalid, r.Warnings)
	}
	want := `read new-hires.csv: UTF-8, commas, 60 rows, ` +
		`subject from "Employee ID", name from "Name", email from "Email"`
	if got := r.Describe(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestPersonsHaveRolesOfColumnAndEveryones(t *testing.T) {
	const text = "Login,Groups\na,Developer; Data Admin ;;Developer\nb,\nc,Viewer\n"
	for _, c := range []struct {
		column string
		want   []provision.RoleList
	}{
		{"Groups", []provision.RoleList{{"Developer", "Data Admin", "Viewer"}, {"Viewer"}, {"Viewer"}}},
		{"", []provision.RoleList{{"Viewer"}, {"Viewer"}, {"Viewer"}}},
	} {
		r := mustExport(t, text, roster.Options{Roles: c.column, EveryonesRoles: []string{"Viewer"}})
		for i, row := range r.Rows {
			if diff := cmp.Diff(c.want[i], row.Person.Roles); diff != "" {
				t.Errorf("%q, row %d (-want +got):\n%s", c.column, i+1, diff)
			}
		}
	}
}

func TestEveryRowHasItsRecord(t *testing.T) {
	var b strings.Builder
	b.WriteString("Login,Name\n")
	for i := range 5000 {
		fmt.Fprintf(&b, "u%d,%s\n", i, strings.Repeat("N", i%2)) // every other name is empty
	}
	for i, row := range mustExport(t, b.String(), roster.Options{}).Rows {
		want := provision.Person{Subject: fmt.Sprint("u", i), Name: strings.Repeat("N", i%2)}
		if diff := cmp.Diff(want, row.Person); diff != "" || row.Record.Line != i+2 {
			t.Fatalf("row %d, line %d (-want +got):\n%s", i+1, row.Record.Line, diff)
		}
	}
}

func TestRowsWithoutNameColumnAreCounted(t *testing.T) {
	got := mustExport(t, "Login,Email\na,\n,\nb,b@\n", roster.Options{}).Describe()
	if !strings.HasSuffix(got, "no column for the name: 1 row will have none") {
		t.Errorf("got %s", got)
	}
}
