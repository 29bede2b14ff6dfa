package report

import (
	"path/filepath"
	"testing"

	"qlik-provision/provision"
	"qlik-provision/provision/roster"
)

func TestARowIsWrittenTheSameWithAndWithoutGocsv(t *testing.T) {
	const text = "Subject,Name\n\"a,b\",\"Jane \"\"J\"\" Doe\"\n 'x,\n"
	for _, e := range []Entry{
		{Outcome: provision.Pending, UserSubject: "a,b", Tenant: "acme.eu.example", Row: 1},
		{Outcome: provision.Pending, UserSubject: ` "quoted"`, Row: 2_000_000_000},
		{Outcome: provision.Invalid, Message: `line 3, column "Email": "x" is not an address [subject 007]`, Tenant: "sandbox", Row: 7},
	} {
		f := export(t, text)
		p := place{"x", filepath.Join(t.TempDir(), "x.csv")}
		d, err := newDraft(p, f)
		if err != nil {
			t.Fatal(err)
		}
		d.buf = nil
		for rec, err := range f.Records() {
			if err == nil {
				err = d.writeUntried(rec, len(f.Header), e)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		direct := string(d.buf)
		d.buf = nil
		for rec, err := range f.Records() {
			if err != nil {
				t.Fatal(err)
			}
			batched(d, rec, e)
		}
		if err := d.flush(); err != nil {
			t.Fatal(err)
		}
		if direct != string(d.buf) || direct == "" {
			t.Errorf("direct:\n%s\nthrough gocsv:\n%s", direct, d.buf)
		}
		d.drop()
	}
}

// batched has a row wait for gocsv.
func batched(d *draft, rec *roster.Record, e Entry) {
	d.text = rec.AppendTo(d.text, 0, len(d.source.Header))
	d.cuts = append(d.cuts, cut{len(d.text), len(d.text)})
	d.entries = append(d.entries, e)
}
