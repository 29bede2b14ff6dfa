package csvfile

import (
	"fmt"
	"strconv"
	"strings"

	"qlik-provision/provision/text"
)

// An Error refuses a whole file. Its text names the file; a line for each problem follows.
type Error struct {
	File     string // "" where the message is about an option alone
	Message  string // without the file's name
	Problems []Problem
	Advice   string // what to do, in words; "" where Fix says it, or nothing can be said
	Fix      Fix
	Others   []string // values that fit as well as Fix's: a person decides
}

// Error is the message, a line for each of the first 20 problems, and how many there are besides.
func (e *Error) Error() string {
	all := e.Message
	if e.File != "" {
		all = e.File + ": " + all
	}
	for i, p := range e.Problems {
		if i == 20 {
			return all + "\n  and " + text.Grouped(len(e.Problems)-i) + " more"
		}
		all += "\n  " + e.File
		if p.Line > 0 {
			all += fmt.Sprintf(":%d", p.Line)
		}
		if p.Column != "" {
			all += ": column " + quote(p.Column)
		}
		all += ": " + p.Message
	}
	return all
}

// A Problem is what is wrong with one record.
type Problem struct {
	Line    int    // from 1; 0 where it has none
	Column  string // the header's cell; "" where it is no column's
	Message string
}

// A Fix is an option under which a file could be read. The zero Fix is none. A Fix without a value
// says which option decides; its value is not known here, and Advice has examples.
type Fix struct {
	Option Option
	Value  string
	Was    string // the value that Value replaces, where the option can have several
}

// An Option names a field of Options, or of what is built on them, for errors that suggest a value.
type Option string

const (
	OptionDelimiter Option = "delimiter"
	OptionEncoding  Option = "encoding"
	OptionHeaderRow Option = "header-row"
)

// Reject is the Error that refuses a file for these problems of its rows, nil where there are none.
func Reject(file string, all []Problem) *Error {
	if len(all) == 0 {
		return nil
	}
	return &Error{
		File:     file,
		Message:  "file rejected: " + text.Plural(len(all), "malformed row", "malformed rows"),
		Problems: all,
		Advice:   "correct these lines, or export the file again",
	}
}

// quote shows a value of the file: in quotes, clipped, control characters escaped.
func quote(s string) string { return Quote(text.Clip(s, 60)) }

// Quote shows a value to people: in double quotes, its control characters escaped. Backslashes and quotes in it stay as
// they are, so that CORP\anna can be copied from a message.
func Quote(s string) string {
	return strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(strconv.Quote(s))
}
