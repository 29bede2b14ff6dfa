package csvfile

import (
	"fmt"
	"regexp"
	"strings"
)

// foreign refuses a file that is no CSV file by how it begins, as bytes or decoded; nil where it
// may be one.
func foreign(s string) *Error {
	refuse := func(what, advice string) *Error {
		return &Error{Message: fmt.Sprintf("the file is %s, not a CSV file", what), Advice: advice}
	}
	for _, k := range [...]struct{ prefix, has, what, advice string }{
		{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "", "an old Excel workbook (.xls)", saveAs},
		{"PK\x03\x04", "opendocument.spreadsheet", "an OpenDocument spreadsheet (.ods)", saveAs},
		{"PK\x03\x04", "[Content_Types].xml", "an Excel workbook (.xlsx)", saveAs},
		{"PK\x03\x04", "xl/", "an Excel workbook (.xlsx)", saveAs},
		{"PK\x03\x04", "", "a zip archive", "unpack it, and use the CSV file that is in it"},
		{"7z\xbc\xaf\x27\x1c", "", "a 7-Zip archive", "unpack it first"},
		{"\x1f\x8b", "", "a gzip archive", "decompress it first: gunzip"},
		{"%PDF-", "", "a PDF", askForCSV},
		{`{\rtf`, "", "an RTF document", askForCSV},
	} {
		if strings.HasPrefix(s, k.prefix) && strings.Contains(s[:min(len(s), 4096)], k.has) {
			return refuse(k.what, k.advice)
		}
	}
	s = strings.Trim(s, "\ufeff \t\r\n")
	switch start := s[:min(len(s), 256)]; {
	case beginsAsHTML.MatchString(start):
		return refuse("an HTML page",
			"open it in a browser: it may be a login page, or a table that is named .xls; then export it as CSV")
	case beginsAsXML.MatchString(start) || strings.HasPrefix(s, "<") && endTag.MatchString(s[max(0, len(s)-256):]):
		return refuse("XML", askForCSV)
	case beginsAsJSON.MatchString(start):
		return refuse("JSON", askForCSV)
	}
	return nil
}

const (
	saveAs    = "open it and save it as “CSV UTF-8”"
	askForCSV = "ask for the export as CSV"
)

// They are read only.
var (
	beginsAsHTML = regexp.MustCompile(`(?i)^<(!doctype html|html|head|body|table|meta|title|script|style|div)`)
	beginsAsXML  = regexp.MustCompile(`(?i)^<\?xml`)
	endTag       = regexp.MustCompile(`</[^<]*>$`)
	beginsAsJSON = regexp.MustCompile(`^(\{\s*["}]|\[\s*[{\["\]])`)
)
