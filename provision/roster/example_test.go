package roster_test

import (
	"fmt"
	"strings"

	"qlik-provision/provision/roster"
)

// How the file is written and which column is which is found out; the subject is a template here.
func ExampleOpen() {
	text := "Badge;Vorname;Nachname;E-Mail\r\n417;Hannah;Weiß;hannah@acme.example\r\n420;Jonas;Brückner;jonas at acme\r\n"
	export, err := roster.Open(strings.NewReader(text), int64(len(text)), "hr.csv", roster.Options{Subject: "auth0|{Badge}"})
	if err != nil {
		fmt.Println(err) // the file cannot be trusted: every line in doubt is named
		return
	}
	var doubts roster.Doubts
	rows := 0
	for record, err := range export.Records() {
		if err != nil {
			if !doubts.Add(err) {
				fmt.Println(err)
				return
			}
			continue
		}
		rows++
		fmt.Printf("%d: %s, %s, %s\n", record.Number, record.Subject, record.Name, record.Email)
		if invalid, _ := export.Check(record, false); invalid != "" {
			fmt.Println("cannot be sent:", invalid)
		}
	}
	if err := doubts.Err(); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(export.Decision(rows))
	// Output:
	// 1: auth0|417, Hannah Weiß, hannah@acme.example
	// 2: auth0|420, Jonas Brückner, jonas at acme
	// cannot be sent: line 3, column "E-Mail": "jonas at acme" is not an address
	// read hr.csv: UTF-8, semicolons, 2 rows, subject from the template "auth0|{Badge}", name from "Vorname" and "Nachname", email from "E-Mail"
}
