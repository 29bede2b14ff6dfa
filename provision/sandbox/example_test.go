package sandbox_test

import (
	"fmt"
	"net/http"
	"strings"

	"qlik-provision/provision/sandbox"
)

// A tenant that loses the answer to a create, called in process: the user is there all the same.
func ExampleTenant_Transport() {
	tenant := sandbox.New(sandbox.Options{APIKey: "key"})
	tenant.Inject(sandbox.Fault{Kind: sandbox.FaultReset, On: sandbox.EndpointCreate, After: true, Times: 1})
	client := &http.Client{Transport: tenant.Transport()}
	for range 2 {
		req, err := http.NewRequest(http.MethodPost, "https://acme.eu.qlikcloud.com/api/v1/users", strings.NewReader(`{"subject": "jdoe"}`))
		if err != nil {
			fmt.Println(err)
			return
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer key")
		resp, err := client.Do(req)
		if err != nil {
			fmt.Println("no answer")
			continue
		}
		fmt.Println(resp.Status)
		resp.Body.Close()
	}
	for _, u := range tenant.Users() {
		fmt.Println(u.Subject, u.Status)
	}
	// Output:
	// no answer
	// 409 Conflict
	// jdoe active
}
