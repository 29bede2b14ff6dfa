package roster

import (
	"bytes"
	"fmt"
	"strings"
)

// A kind of file that is no export in text, and what to do about it.
type kind struct {
	what, hint string
}

func (k *kind) refuse(name string) error {
	return &Error{Message: fmt.Sprintf("%s is %s, not a CSV file", name, k.what), Hint: k.hint}
}

// foreign names what the start of a file is, nil where it may be an export.
func foreign(start []byte) *kind {
	saveAs := "open it and save it as “CSV UTF-8”"
	switch {
	case bytes.HasPrefix(start, []byte("PK\x03\x04")):
		switch {
		case bytes.Contains(start, []byte("opendocument.spreadsheet")):
			return &kind{"an OpenDocument spreadsheet (.ods)", saveAs}
		case bytes.Contains(start, []byte("[Content_Types].xml")), bytes.Contains(start, []byte("xl/")):
			return &kind{"an Excel workbook (.xlsx)", saveAs}
		}
		return &kind{"a zip archive", "unpack it, and give the CSV file that is in it"}
	case bytes.HasPrefix(start, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		return &kind{"an old Excel workbook (.xls)", saveAs}
	case bytes.HasPrefix(start, []byte("%PDF-")):
		return &kind{"a PDF", "ask for the export as CSV"}
	case bytes.HasPrefix(start, []byte("\x1f\x8b")):
		return &kind{"a gzip archive", "unpack it first: gunzip"}
	}
	return foreignText(string(start))
}

func foreignText(s string) *kind {
	s = strings.TrimPrefix(s, "\ufeff")
	s = strings.ToLower(strings.TrimLeft(s, " \t\r\n"))
	switch {
	case strings.HasPrefix(s, "<!doctype html"), strings.HasPrefix(s, "<html"), strings.HasPrefix(s, "<head"), strings.HasPrefix(s, "<table"):
		return &kind{"an HTML page", "look at it in a browser: it may be a login page, or a table that calls itself .xls; then export it as CSV"}
	case strings.HasPrefix(s, "<?xml"):
		return &kind{"XML", "ask for the export as CSV"}
	case strings.HasPrefix(s, `{\rtf`):
		return &kind{"an RTF document", "ask for the export as CSV"}
	case isJSON(s):
		return &kind{"JSON", "ask for the export as CSV"}
	}
	return nil
}

// isJSON looks at the first two signs of a text: an object or a list that begins with what JSON has there.
func isJSON(s string) bool {
	if s == "" || s[0] != '{' && s[0] != '[' {
		return false
	}
	rest := strings.TrimLeft(s[1:], " \t\r\n")
	if rest == "" {
		return false
	}
	if s[0] == '{' {
		return rest[0] == '"' || rest[0] == '}'
	}
	return strings.ContainsRune(`{["]`, rune(rest[0]))
}
