// Package roster makes persons of the records of an export: it decides which columns are a person's subject, name, address
// and roles, derives the persons, and judges which rows can be sent. It refuses what it would have to guess.
package roster

import (
	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
)

// Options say where a person's fields come from, and which rows count. The zero value detects the columns.
type Options struct {
	// Subject, Name and Email are a header of the export, or a template with headers in braces: auth0|{Employee ID}.
	// Empty: detected by the header's words. Roles is the header of a column with names of Qlik roles; it is never
	// detected.
	Subject, Name, Email, Roles string
	// Decided says that nothing is detected: an empty source is none. A retry takes its sources from the file's action.
	Decided bool
	// EveryonesRoles are roles that every person has besides those of the column.
	EveryonesRoles []string
	// Where are conditions that a row must meet, all of them: Status=Active, Status!=Terminated,Inactive. Other rows
	// are skipped.
	Where []string
	// NeedEmail makes a row without an address invalid.
	NeedEmail bool
	// Forced says that the encoding was named by the user: mojibake then refuses the file.
	Forced bool
}

// The options that an error of this package may suggest a value for, beside those of csvfile.
const (
	OptionSubject csvfile.Option = "subject"
	OptionName    csvfile.Option = "name"
	OptionEmail   csvfile.Option = "email"
	OptionRoles   csvfile.Option = "roles"
	OptionWhere   csvfile.Option = "where"
)

// LooksLikeHeader counts the cells whose words are known as a header's. It is for csvfile.Options.
func LooksLikeHeader(cells []string) int { panic("not yet") }

// A Row is a record with the person that it describes.
type Row struct {
	Record *csvfile.Record
	Person provision.Person
	// Code and Message say why the row cannot be sent; both are empty where it can. Message names line and column.
	Code, Message string
	// Skipped says that a condition leaves the row out; Message says which.
	Skipped bool
}

// A Roster is an export with its persons.
type Roster struct {
	File     *csvfile.File
	Columns  Columns
	Rows     []Row    // one for each of File.Records, in their order
	Warnings []string // what looks wrong and can be sent; a line each, 20 at most, then how many there are besides
}

// Read decides the columns of f, derives a person from each record and judges it. What cannot be decided or trusted as a
// whole is a *csvfile.Error.
func Read(f *csvfile.File, o Options) (*Roster, error) { panic("not yet") }

// Columns are where a person's fields come from.
type Columns struct {
	Subject, Name, Email, Roles Source
}

// A Source is a column, or a template of columns and text. The zero Source is none.
type Source struct {
	text string
}

// String is the source as Options take it: a header or a template; "" for none.
func (s Source) String() string { return s.text }
