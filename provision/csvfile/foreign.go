package csvfile

import (
	"fmt"
	"strings"
)

// A kind of file that is no CSV file, and what to do about it.
type kind struct {
	what, advice string
}

func (k *kind) refuse() *Error {
	return &Error{Message: fmt.Sprintf("the file is %s, not a CSV file", k.what), Advice: k.advice}
}

const (
	saveAs    = "open it and save it as “CSV UTF-8”"
	askForCSV = "ask for the export as CSV"
)

// foreignBytes names what the first bytes of a file say it is; nil where it may be a CSV file.
func foreignBytes(raw string) *kind {
	start := raw[:min(len(raw), 4096)]
	for _, k := range []struct {
		prefix string
		kind
	}{
		{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", kind{"an old Excel workbook (.xls)", saveAs}},
		{"%PDF-", kind{"a PDF", askForCSV}},
		{"\x1f\x8b", kind{"a gzip archive", "decompress it first: gunzip"}},
		{"7z\xbc\xaf\x27\x1c", kind{"a 7-Zip archive", "unpack it first"}},
	} {
		if strings.HasPrefix(start, k.prefix) {
			return &k.kind
		}
	}
	switch {
	case !strings.HasPrefix(start, "PK\x03\x04"):
		return nil
	case strings.Contains(start, "opendocument.spreadsheet"):
		return &kind{"an OpenDocument spreadsheet (.ods)", saveAs}
	case strings.Contains(start, "[Content_Types].xml"), strings.Contains(start, "xl/"):
		return &kind{"an Excel workbook (.xlsx)", saveAs}
	}
	return &kind{"a zip archive", "unpack it, and use the CSV file that is in it"}
}

// foreignText names what a text is; nil where it may be a CSV file.
func foreignText(s string) *kind {
	s = strings.TrimLeft(s, "\ufeff \t\r\n")
	start := strings.ToLower(s[:min(len(s), 256)])
	for _, tag := range []string{
		"<!doctype html", "<html", "<head", "<body", "<table", "<meta", "<title", "<script", "<style", "<div",
	} {
		if strings.HasPrefix(start, tag) {
			return &kind{
				"an HTML page",
				"open it in a browser: it may be a login page, or a table that is named .xls; then export it as CSV",
			}
		}
	}
	switch {
	case strings.HasPrefix(start, "<?xml"), strings.HasPrefix(start, "<") && isXML(s):
		return &kind{"XML", askForCSV}
	case strings.HasPrefix(start, `{\rtf`):
		return &kind{"an RTF document", askForCSV}
	case isJSON(start):
		return &kind{"JSON", askForCSV}
	}
	return nil
}

// isXML reports whether a text ends with an end tag.
func isXML(s string) bool {
	s = strings.TrimRight(s, " \t\r\n")
	return strings.HasSuffix(s, ">") && strings.HasPrefix(s[strings.LastIndexByte(s, '<'):], "</")
}

// isJSON reports whether a text starts as an object or an array does.
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
