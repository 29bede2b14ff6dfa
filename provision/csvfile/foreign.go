package csvfile

import (
	"net/http"
	"regexp"
	"strings"
)

// foreign refuses a file that is no CSV file by how it begins; nil where it may be one.
func foreign(s string) *Error {
	s = strings.TrimLeft(s[:min(len(s), 4096)], "\ufeff \t\r\n")
	kind, _, _ := strings.Cut(http.DetectContentType([]byte(s)), ";")
	switch {
	case strings.HasPrefix(s, "\xd0\xcf\x11\xe0"):
		kind = "application/x-ole-storage"
	case beginsAsJSON.MatchString(s):
		kind = "application/json"
	}
	const saveAs, askForCSV = "open it and save it as “CSV UTF-8”", "ask for the export as CSV"
	found, is := map[string]struct{ what, advice string }{
		"application/zip":           {"an Excel workbook (.xlsx) or another zip archive", saveAs},
		"application/x-ole-storage": {"an old Excel workbook (.xls)", saveAs},
		"application/pdf":           {"a PDF", askForCSV},
		"application/x-gzip":        {"a gzip archive", "decompress it first: gunzip"},
		"application/json":          {"JSON", askForCSV},
		"text/xml":                  {"XML", askForCSV},
		"text/html": {"an HTML page",
			"open it in a browser: it may be a login page, or a table that is named .xls; then export it as CSV"},
	}[kind]
	if !is {
		return nil
	}
	return &Error{Message: "the file is " + found.what + ", not a CSV file", Advice: found.advice}
}

// beginsAsJSON is read only.
var beginsAsJSON = regexp.MustCompile(`^(\{\s*["}]|\[\s*[{\["\]])`)
