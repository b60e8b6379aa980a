//! Why something does not open: each row of the table, shown by its own fault.

use crate::{certificate, documents, key, key_text, sealed};
use blackstart::manifests::write::write;
use blackstart::model::ObjectId;
use blackstart::secrets::guess::{Around, By, Meant, Reason, TRIES, TRIES_OF_ALL, guess};
use blackstart::secrets::open::Why;
use blackstart::secrets::{Key, Scope, Sealed, open, seal};

const CANARY: &str = "canary-4711";

/// A Secret `here/mine` with two values, sealed for the key `second`.
fn made(scope: Scope) -> Sealed {
    let text = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: mine, namespace: here}}\nstringData: {{one: {CANARY}, two: b}}\n"
    );
    let mut document = documents(&text).remove(0);
    scope.mark(&mut document.annotations);
    sealed(&write(&seal(&document, &certificate("second")).unwrap()))
}

fn around() -> Around {
    let set = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    Around { names: set(&["other", "third"]), namespaces: set(&["apps", "media"]), ..Around::default() }
}

/// What is guessed of both values, with the words for the first and what to do.
fn guessed(sealed: &Sealed, installed: &[&Key], left: &[&Key]) -> (Vec<Reason>, String, String) {
    let shut = open(sealed, installed).err().expect("it opens");
    let guesses = guess(sealed, &shut, installed, left, &around());
    assert_eq!(guesses.len(), shut.len());
    let (fault, advice) = guesses[0].told(sealed);
    assert!(fault.at.line > 1 && !advice.is_empty(), "{fault:?} {advice}");
    assert!(!format!("{fault:?}{advice}").contains(CANARY), "{fault:?}");
    (guesses.into_iter().map(|guess| guess.reason).collect(), fault.text, advice)
}

fn applied_as(mut sealed: Sealed, namespace: &str, name: &str) -> Sealed {
    sealed.id = ObjectId::new("bitnami.com/v1alpha1", "SealedSecret", Some(namespace), name);
    sealed
}

fn opens(as_what: Meant, by: By) -> Vec<Reason> {
    vec![Reason::Opens { as_what: as_what.clone(), by: by.clone() }, Reason::Opens { as_what, by }]
}

#[test]
fn what_is_as_it_should_be_opens() {
    for scope in Scope::ALL {
        let second = key("second");
        assert!(open(&made(scope), &[&key("third"), &second]).is_ok_and(|document| document.entries.len() == 2));
    }
}

#[test]
fn sealed_with_another_scope_than_its_annotations_say() {
    let second = key("second");
    for was in Scope::ALL {
        for says in Scope::ALL.into_iter().filter(|says| *says != was) {
            let mut sealed = made(was);
            sealed.scope = says;
            sealed.says = says.annotation().map(|_| says).into_iter().collect();
            let (reasons, text, advice) = guessed(&sealed, &[&second], &[]);
            assert_eq!(reasons, opens(Meant::Scope(was), By::Installed));
            assert!(text.contains(&format!("was sealed {}", was.as_str())), "{text}");
            assert!(text.contains(&format!("metadata says {}", says.as_str())), "{text}");
            let annotation = was.annotation().or(says.annotation()).unwrap();
            assert!(advice.contains(annotation), "{advice}");
        }
    }
}

#[test]
fn where_both_annotations_are_there_the_advice_takes_the_wider_one_out() {
    let second = key("second");
    let both = [Scope::NamespaceWide, Scope::ClusterWide];
    let [narrow, wide] = both.map(|scope| scope.annotation().unwrap());
    for (was, takes_out) in [(Scope::NamespaceWide, wide.to_owned()), (Scope::Strict, format!("{narrow} and {wide}"))] {
        let mut sealed = made(was);
        (sealed.scope, sealed.says) = (Scope::ClusterWide, both.to_vec());
        let (_, _, advice) = guessed(&sealed, &[&second], &[]);
        assert!(advice.starts_with(&format!("take out of metadata.annotations: {takes_out}; where it")), "{advice}");
        assert!(!advice.contains("add to"), "{advice}");
    }
    let mut sealed = made(Scope::NamespaceWide);
    (sealed.scope, sealed.says) = (Scope::ClusterWide, vec![Scope::ClusterWide]);
    let (_, _, advice) = guessed(&sealed, &[&second], &[]);
    assert!(advice.contains(&format!("take out of metadata.annotations: {wide}; add to")), "{advice}");
    assert!(advice.contains(&format!("{narrow}: \"true\"")), "{advice}");
}

#[test]
fn a_key_of_an_odd_size_is_tried_too() {
    if !crate::made::has_openssl("a_key_of_an_odd_size_is_tried_too") {
        return;
    }
    let odd = key("odd");
    let text = "apiVersion: v1\nkind: Secret\nmetadata: {name: mine, namespace: here}\nstringData: {one: b, two: c}\n";
    let made = sealed(&write(&seal(&documents(text)[0], &certificate("odd")).unwrap()));
    assert!(open(&made, &[&odd]).is_ok());
    let (reasons, ..) = guessed(&made, &[], &[&odd]);
    assert_eq!(reasons, opens(Meant::Declared, By::Left("odd".to_owned())));
}

#[test]
fn sealed_for_another_name_or_namespace() {
    let second = key("second");
    // Which it was, and as what it is applied: the one that was meant is among those that are tried.
    for (namespace, name) in [("here", "other"), ("apps", "mine"), ("default", "mine"), ("media", "third")] {
        let text = format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: {namespace}}}\nstringData: {{one: {CANARY}, two: b}}\n"
        );
        let made = sealed(&write(&seal(&documents(&text)[0], &certificate("second")).unwrap()));
        let (reasons, text, advice) = guessed(&applied_as(made, "here", "mine"), &[&second], &[]);
        let meant = Meant::Elsewhere { scope: Scope::Strict, namespace: namespace.to_owned(), name: name.to_owned() };
        assert_eq!(reasons, opens(meant, By::Installed), "{namespace}/{name}");
        assert!(text.contains(&format!("was sealed for {namespace}/{name}, and is applied as here/mine")), "{text}");
        assert!(advice.contains("anew"), "{advice}");
    }
    let wide = applied_as(made(Scope::NamespaceWide), "elsewhere", "mine");
    let shut = open(&wide, &[&second]).err().unwrap();
    let around = Around { namespaces: ["here".to_owned()].into(), ..Around::default() };
    let told = guess(&wide, &shut, &[&second], &[], &around)[0].told(&wide).0.text;
    assert!(told.contains("was sealed for the namespace here, and is applied as elsewhere/mine"), "{told}");
}

#[test]
fn sealed_for_a_key_that_will_not_be_there() {
    let (second, third) = (key("second"), key("third"));
    let (reasons, text, advice) = guessed(&made(Scope::Strict), &[&third], &[&second]);
    assert_eq!(reasons, opens(Meant::Declared, By::Left("second".to_owned())));
    assert!(text.contains("opens with the key second, which will not be installed"), "{text}");
    assert_eq!(advice, "install second too");
}

fn with_mark(mark: &str) -> Key {
    let pem = |name: &str| String::from_utf8(key_text(name)).unwrap().replace('\n', "\n    ");
    let labels = match mark {
        "" => String::new(),
        mark => format!(", labels: {{sealedsecrets.bitnami.com/sealed-secrets-key: {mark}}}"),
    };
    let text = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: old, namespace: kube-system{labels}}}\ntype: kubernetes.io/tls\n\
         stringData:\n  tls.key: |\n    {}\n  tls.crt: |\n    {}\n",
        pem("second.key.pem"),
        pem("second.cert.pem")
    );
    Key::read(&documents(&text)[0]).unwrap_or_else(|faults| panic!("{faults:?}"))
}

#[test]
fn sealed_for_a_key_whose_label_is_not_active() {
    let third = key("third");
    for (mark, says) in [("compromised", "it says compromised"), ("", "it has none")] {
        let old = with_mark(mark);
        assert!(!old.active);
        let (reasons, text, advice) = guessed(&made(Scope::Strict), &[&third], &[&old]);
        let mark = (!mark.is_empty()).then(|| mark.to_owned());
        assert_eq!(reasons, opens(Meant::Declared, By::Inactive { key: "kube-system/old".to_owned(), mark }));
        assert!(text.contains("kube-system/old") && text.contains(says), "{text}");
        assert!(advice.contains("=active"), "{advice}");
    }
    assert!(with_mark("active").active);
}

#[test]
fn several_things_wrong_at_once_are_all_told() {
    let (second, third) = (key("second"), key("third"));
    let sealed = applied_as(made(Scope::Strict), "apps", "other");
    let shut = open(&sealed, &[&third]).err().unwrap();
    let around =
        Around { names: ["mine".to_owned()].into(), namespaces: ["here".to_owned()].into(), ..Around::default() };
    let (fault, advice) = guess(&sealed, &shut, &[&third], &[&second], &around)[0].told(&sealed);
    assert!(fault.text.contains("was sealed for here/mine") && fault.text.contains("the key second"), "{fault:?}");
    assert!(advice.contains("install second") && advice.contains("anew"), "{advice}");
}

#[test]
fn a_text_that_is_no_sealed_value() {
    let second = key("second");
    for (text, why, says) in [
        ("<seal me>", Why::NotBase64, "not base64"),
        ("Y2hhbmdl", Why::TooShort, "too short"),
        ("", Why::TooShort, "too short"),
        ("QQ==", Why::TooShort, "too short"),
    ] {
        let mut sealed = made(Scope::Strict);
        sealed.values.get_mut("one").unwrap().text = text.to_owned();
        let (reasons, told, advice) = guessed(&sealed, &[&second], &[]);
        assert_eq!(reasons, [Reason::Text(why)], "{text}");
        assert!(told.contains(says) && advice.contains("anew"), "{told}");
    }
    let mut sealed = made(Scope::Strict);
    let whole = sealed.values["one"].text.clone();
    let cut = blackstart::sys::base64::decode(&whole).unwrap();
    sealed.values.get_mut("one").unwrap().text = blackstart::sys::base64::encode(&cut.reveal()[..cut.len() - 2]);
    let (reasons, told, _) = guessed(&sealed, &[&second], &[]);
    assert_eq!(reasons, [Reason::Text(Why::Damaged)]);
    assert!(told.contains("damaged"), "{told}");
}

#[test]
fn a_key_that_nobody_holds() {
    let sealed = made(Scope::Strict);
    let nothing = |installed: &[&Key]| guessed(&sealed, installed, &[]).1;
    let other = key("other");
    let told = nothing(&[&other]);
    assert!(told.contains("the one key that is held does not open it, whatever the scope"), "{told}");
    let told = nothing(&[&other, &key("third")]);
    assert!(told.contains("none of the 2 keys that are held opens it"), "{told}");
    let told = nothing(&[&key("third")]);
    assert!(told.contains("it was sealed for one of 2048 bits"), "{told}");
    assert!(nothing(&[]).contains("there is no key"));
}

#[test]
fn the_work_has_a_bound_and_what_was_not_tried_is_said() {
    let sealed = made(Scope::Strict);
    let other = key("other");
    let shut = open(&sealed, &[&other]).err().unwrap();
    let many = |word: &str| (0..100).map(|i| format!("{word}-{i}")).collect();
    let around = Around { names: many("name"), namespaces: many("space"), ..Around::default() };
    let began = std::time::Instant::now();
    let guesses = guess(&sealed, &shut, &[&other], &[], &around);
    println!("sealing: {TRIES} tries in {} ms", began.elapsed().as_millis());
    let text = guesses[0].told(&sealed).0.text;
    assert!(text.contains("for a name that was not tried"), "{text}");
}

#[test]
fn a_whole_folder_for_a_key_that_nobody_holds_has_a_bound_too_and_the_likely_is_tried_to_the_end() {
    let other = key("other");
    let many = |word: &str| (0..40).map(|i| format!("{word}-{i}")).collect();
    let around = Around { names: many("name"), namespaces: many("space"), ..Around::default() };
    let sealed = made(Scope::Strict);
    let shut = open(&sealed, &[&other]).err().unwrap();
    for _ in 0..20 {
        guess(&sealed, &shut, &[&other], &[], &around);
    }
    let spent = around.spent.get();
    assert!((TRIES_OF_ALL..=TRIES_OF_ALL + 20 * 12).contains(&spent), "{spent}");
    let mut wide = made(Scope::ClusterWide);
    (wide.scope, wide.says) = (Scope::Strict, Vec::new());
    let second = key("second");
    let shut = open(&wide, &[&second]).err().unwrap();
    let told = guess(&wide, &shut, &[&other, &second], &[], &around)[0].told(&wide).0.text;
    assert!(told.contains("was sealed cluster-wide"), "{told}");
}
