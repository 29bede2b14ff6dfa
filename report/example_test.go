package report_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"qlik-provision/provision"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/roster"
	"qlik-provision/provision/sandbox"
	"qlik-provision/report"
)

// What the command create does: the export becomes a ledger, the ledger is run, and what it says is counted.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	results := filepath.Join(dir, "hr.results.csv")
	if err := provisionAll(results, "Employee ID,Name,Email\n1,Ada,ada@acme.example\n2,Ben,ben@acme.example\n3,Cleo,nowhere\n"); err != nil {
		fmt.Println(err)
		return
	}
	total, err := report.Summarize(results)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(total.Counts[provision.Created], "created,", total.NotDone, "of", total.Rows, "not done")
	for _, cause := range total.Causes {
		fmt.Println(cause.State, cause.Rows, cause.Message)
	}
	// Output:
	// 2 created, 1 of 3 not done
	// invalid [3] line 4, column "Email": "nowhere" is not an address
}

func provisionAll(results, hr string) (err error) {
	export, err := roster.Open(strings.NewReader(hr), int64(len(hr)), "hr.csv", roster.Options{Block: report.Columns()})
	if err != nil {
		return err
	}
	address, err := qlik.ParseTenant("acme.eu.qlikcloud.com")
	if err != nil {
		return err
	}
	ledger, err := report.Create(results, export, report.Options{Tenant: address.Host()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ledger.Close()) }()

	tenant := sandbox.New(sandbox.Options{})
	client := qlik.New(address, qlik.Options{
		Credentials: qlik.Credentials{ClientID: tenant.ClientID(), ClientSecret: tenant.ClientSecret()},
		Transport:   tenant.Transport(),
	})
	defer client.Close()
	return provision.Run(context.Background(), client, ledger.Pending(), ledger.Record, provision.Options{})
}
