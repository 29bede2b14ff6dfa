package roster

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// A role is what a column may be; a set of them is what a header's word allows.
type role uint16

const (
	subject role = 1 << iota
	email
	name      // the whole name
	firstName // given name
	lastName  // family name

	surnameBeside // the whole name; the last one beside a first name
	givenBeside   // the whole name; the first one beside a last name
)

// The words of the headers that Workday, SAP SuccessFactors, BambooHR, Personio, ADP, Entra ID, Active Directory, Okta and
// Google Workspace write; what fold takes away is gone already. A private address is no work address, so its words are not here.
var roleWords = [...]struct {
	role  role
	words string
}{
	{subject, `subject userid username loginname loginid login logonname userlogin upn userprincipalname principalname
		samaccountname networkid networklogin ssoid federationid nameid
		employeeid employeeno employeenumber employeenr employeecode employee# empid empno employeeidnumber
		personid personnumber personnelid personnelnumber personnelno personidexternal staffid staffnumber staffno
		workerid workernumber associateid payrollnumber payrollid fileid filenumber file#
		benutzername benutzerid benutzerkennung kennung anmeldename loginkennung
		personalnummer personalnr persnr persnummer pernr personalid mitarbeiternummer mitarbeiternr mitarbeiterid
		mitarbeiterkennung mitarbeiterkurzel stammnummer
		identifiant identifiantutilisateur identifiantemploye identifiantsalarie idutilisateur idemploye idsalarie nomdutilisateur
		nomutilisateur matricule matriculesalarie numeroemploye numerodemploye numerodesalarie numerosalarie nemploye nsalarie
		numeromatricule nmatricule codeemploye codesalarie
		usuario nombredeusuario nombreusuario idusuario iddeusuario idempleado iddeempleado iddelempleado numeroempleado
		numerodeempleado nempleado noempleado codigoempleado codigodeempleado numerodepersonal legajo
		nomeutente idutente matricola iddipendente codicedipendente numerodipendente
		gebruikersnaam gebruikersid personeelsnummer personeelsnr medewerkernummer medewerkersnummer medewerkerid
		nomedeusuario nomedeutilizador iddousuario matriculafuncionario matricula iddofuncionario numerodofuncionario
		社員番号 従業員番号 社員id 従業員id 社員コード 従業員コード 職員番号 ユーザーid ユーザid ユーザー名 ログインid ログイン名`},
	{email, `email emailaddress emailaddr emailid mail mailaddress workemail workemailaddress emailwork primaryemail
		primaryemailaddress primaryworkemail emailprimarywork companyemail companyemailaddress businessemail businessemailaddress
		corporateemail officeemail useremail employeeemail workcontactemail workcontactworkemail emailprimary internetemailaddress
		emailadresse mailadresse emaildienstlich dienstlicheemail dienstlicheemailadresse geschaftlicheemail
		geschaftlicheemailadresse geschaeftlicheemail emailgeschaftlich emailgeschaeftlich firmenemail emailarbeit
		courriel adressecourriel adresseemail adressemail adresseelectronique courrielprofessionnel emailprofessionnel
		emailpro mailprofessionnel mailpro adresseemailprofessionnelle adressedemessagerie adressecourrielprofessionnel
		correo correoelectronico direcciondecorreo direcciondecorreoelectronico emailcorporativo correocorporativo
		correoelectronicocorporativo correodetrabajo emailtrabajo correolaboral emaildetrabajo
		indirizzoemail indirizzomail postaelettronica emailaziendale mailaziendale
		emailadres mailadres werkemail zakelijkeemail emailzakelijk
		enderecodeemail emailprofissional emailcorporativo correioeletronico
		メール メールアドレス eメール 電子メール 会社メールアドレス 会社メール 社用メールアドレス`},
	{name, `name worker displayname fullname completename employeename workername  personname commonname legalname preferredname
		fulllegalname legalfullname employeefullname nameofemployee formattedname
		anzeigename vollername vollstandigername vollstaendigername gesamtname mitarbeitername mitarbeiter vorundnachname
		vornamenachname namevorname nachnamevorname
		nomcomplet nometprenom nomprenom nomprenoms prenomnom prenometnom nomdaffichage nomaffiche nomdelemploye nomdusalarie
		nombrecompleto nombreyapellidos nombreyapellido apellidosynombre apellidosynombres apellidosnombre nombreparamostrar
		nombredelempleado
		nomecompleto nominativo nomeecognome cognomeenome nomecognome cognomenome
		volledigenaam weergavenaam nomedeexibicao
		氏名 名前 お名前 フルネーム 表示名 社員名 従業員名 社員氏名`},
	{name | surnameBeside, `nom naam`},
	{name | givenBeside, `nombre nome`},
	{firstName, `firstname forename givenname givennames legalfirstname preferredfirstname firstnames fname first employeefirstname
		vorname vornamen rufname prenom prenoms nombres nombredepila primernombre voornaam roepnaam primeironome nomeproprio
		名 ファーストネーム`},
	{lastName, `lastname surname familyname legallastname preferredlastname lname last sn secondname employeelastname
		nachname familienname zuname nomdefamille patronyme nomusuel apellido apellidos primerapellido cognome achternaam
		familienaam sobrenome apelido ultimonome 姓 苗字 名字 ラストネーム`},
}

// rolesOf is what a column with this header may be.
func rolesOf(header string) role {
	if r := rolesByWord[fold(header)]; r != 0 {
		return r
	}
	// The upload templates of Google and Microsoft: Email Address [Required], Name [displayName] Required.
	if before, _, found := strings.Cut(header, "["); found {
		return rolesByWord[fold(before)]
	}
	return 0
}

// rolesByWord is roleWords the other way round; nothing writes to it.
var rolesByWord = func() map[string]role {
	roles := make(map[string]role)
	for _, r := range roleWords {
		for w := range strings.FieldsSeq(r.words) {
			roles[fold(w)] |= r.role
		}
	}
	return roles
}()

// known counts the headers that have a role.
func known(header []string) int {
	n := 0
	for _, h := range header {
		if rolesOf(h) != 0 {
			n++
		}
	}
	return n
}

// fold makes headers that are the same to people the same: without case, diacritics, white space and punctuation, but for #,
// which is a word for number.
func fold(s string) string {
	if len(s) > 256 {
		s = s[:256]
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '#' {
			return r
		}
		return -1
	}, norm.NFKD.String(strings.ToLower(s)))
}
