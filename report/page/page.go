// Package page writes a result file as a web page that loads nothing.
package page

import (
	"io"

	"qlik-provision/report"
)

// Write writes the page of a result file in UTF-8. It fails where w does.
func Write(w io.Writer, r *report.Results) error { panic("not yet") }
