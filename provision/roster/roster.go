// Package roster makes persons of the records of an export: it decides which columns are a person's subject, name,
// address and roles, derives the persons, and judges which rows can be sent. It refuses what it would have to guess.
package roster

import (
	"cmp"
	"fmt"
	"iter"
	"strings"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
	"qlik-provision/provision/text"
)

// A Roster is an export with its persons.
type Roster struct {
	File     *csvfile.File
	Columns  Columns
	Rows     []Row     // one for each of File.Records, in their order
	Warnings []Warning // what looks wrong and can be sent: 20 at most, then one that counts the others
}

// A Row is a record with the person that it describes.
type Row struct {
	Record *csvfile.Record
	Person provision.Person
	// Code and Message say why the row cannot be sent; both are empty where it can. Message names the column.
	Code, Message string
	// Skipped says that a condition leaves the row out; Message says which.
	Skipped bool
}

// Sendable reports whether the row can be sent: no condition leaves it out, and nothing is wrong with it.
func (r *Row) Sendable() bool { return r.Code == "" && !r.Skipped }

// Options say where a person's fields come from, and which rows count. The zero value detects the columns.
type Options struct {
	// Subject, Name and Email are a header of the export, or a template with headers in braces:
	// auth0|{Employee ID}. Empty: detected by the header's words. Roles is the header of a column
	// with names of Qlik roles; it is never detected.
	Subject, Name, Email, Roles string
	// Decided says that nothing is detected: an empty source is none. A retry takes its sources
	// from the file's action.
	Decided bool
	// EveryonesRoles are roles that every person has besides those of the column.
	EveryonesRoles []string
	// Where are conditions that a row must meet, all of them: Status=Active,
	// Status!=Terminated,Inactive. Other rows are skipped.
	Where []string
	// NeedEmail makes a row without an address invalid.
	NeedEmail bool
	// Leavers says that the rows are people who leave: a state such as Terminated gives no warning.
	Leavers bool
}

// The options that an error or a warning of this package may suggest a value for, beside those of csvfile.
const (
	OptionSubject csvfile.Option = "subject"
	OptionName    csvfile.Option = "name"
	OptionEmail   csvfile.Option = "email"
	OptionRoles   csvfile.Option = "roles"
	OptionWhere   csvfile.Option = "where"
)

// Describe says in one line how the file was read: read hr.csv: UTF-8, commas, 60 rows, subject
// from "Employee ID" … Where no column holds the name it says how many rows have none.
func (r *Roster) Describe() string {
	var b strings.Builder
	fmt.Fprintf(&b, "read %s: %s, %s, %s", r.File.Name, r.File.Dialect.Encoding, layout(r.File),
		text.Plural(len(r.Rows), "row", "rows"))
	for _, c := range []struct {
		field  string
		source Source
	}{
		{"subject", r.Columns.Subject}, {"name", r.Columns.Name},
		{"email", r.Columns.Email}, {"roles", r.Columns.Roles},
	} {
		if c.source.text != "" {
			fmt.Fprintf(&b, ", %s from %s", c.field, quote(c.source.text))
		}
	}
	if r.Columns.Name.text == "" {
		unnamed := 0
		for range r.sendable() {
			unnamed++
		}
		fmt.Fprintf(&b, ", no column for the name")
		if unnamed > 0 {
			fmt.Fprintf(&b, ": %s will have none", text.Plural(unnamed, "row", "rows"))
		}
	}
	return b.String()
}

// sendable are the rows that can be sent.
func (r *Roster) sendable() iter.Seq[*Row] {
	return func(yield func(*Row) bool) {
		for i := range r.Rows {
			if row := &r.Rows[i]; row.Sendable() && !yield(row) {
				return
			}
		}
	}
}

// layout names what separates the cells.
func layout(f *csvfile.File) string {
	if len(f.Header.Cells) == 1 {
		return "one column"
	}
	name := delimiterName(f.Dialect.Delimiter)
	if strings.ContainsRune(",;\t|", f.Dialect.Delimiter) {
		name += "s"
	}
	return name
}

// delimiterName is what messages call a delimiter.
func delimiterName(d rune) string {
	names := map[rune]string{',': "comma", ';': "semicolon", '\t': "tab", '|': "pipe"}
	return cmp.Or(names[d], fmt.Sprintf("delimiter %q", d))
}
