//! The tables of both kinds of files: one documented list of fields gives the struct, its reader,
//! what the reader says about an unknown key, and the list that a JSON Schema is made of.

use serde_json::Value as Json;
use toml::de::DeTable;

use super::file::{Key, Reader, Value};
use super::unknown_key::unknown_key;
use crate::desired::schema::definitions::Schemas;
use crate::desired::schema::fields::FieldDoc;
use crate::model::Place;

/// A field of a table.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum Field<T> {
    /// The table does not have it.
    #[default]
    Absent,
    /// It is there, but wrong, and that has been reported: nothing that follows from it is said.
    Bad,
    /// It is there. Most tables have few of their fields, so that a box takes less room.
    Given(Box<Given<T>>),
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Given<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
}

impl<T> Field<T> {
    /// The value with its place, if it is there and right.
    pub(crate) fn given(&self) -> Option<&Given<T>> {
        match self {
            Field::Given(given) => Some(given),
            Field::Absent | Field::Bad => None,
        }
    }

    /// The value, if it is there and right.
    pub(crate) fn value(&self) -> Option<&T> {
        self.given().map(|given| &given.value)
    }

    /// The same, to change it.
    pub(crate) fn value_mut(&mut self) -> Option<&mut T> {
        match self {
            Field::Given(given) => Some(&mut given.value),
            Field::Absent | Field::Bad => None,
        }
    }

    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Field::Absent)
    }

    pub(crate) fn is_bad(&self) -> bool {
        matches!(self, Field::Bad)
    }
}

impl<T: Read> Field<T> {
    /// Reads the field called `key`.
    pub(crate) fn read(key: &'static str, value: &Value<'_>, reader: &mut Reader<'_>) -> Self {
        let outer = std::mem::replace(&mut reader.key, key);
        let read = T::read(value, reader);
        reader.key = outer;
        match read {
            Some(read) => Field::Given(Box::new(Given {
                value: read,
                place: reader.place(value.span()),
            })),
            None => Field::Bad,
        }
    }
}

impl<T: Read> Read for Box<T> {
    fn expected() -> String {
        T::expected()
    }

    fn schema(schemas: &mut Schemas) -> Json {
        T::schema(schemas)
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        T::read(value, reader).map(Box::new)
    }
}

/// Something that a value can be read as.
pub(crate) trait Read: Sized {
    /// What is expected, with its article: "a whole number".
    fn expected() -> String;

    /// What an editor is told of such a value.
    fn schema(schemas: &mut Schemas) -> Json;

    /// Reads a value. `None` means that it is wrong and that the reader has been told why.
    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self>;
}

/// A table with known fields.
pub(crate) trait Table: Default {
    /// What the table is, with its article: "a topic".
    const WHAT: &'static str;

    /// Its fields, in the order in which documents list them.
    fn fields() -> Vec<FieldDoc>;

    /// Reads the field with this key; `false` where there is none.
    fn read_field(&mut self, key: &str, value: &Value<'_>, reader: &mut Reader<'_>) -> bool;

    /// What to say of an unknown key instead of the usual words; `false` where those do.
    fn read_unknown(
        &mut self,
        _key: &Key<'_>,
        _value: &Value<'_>,
        _reader: &mut Reader<'_>,
    ) -> bool {
        false
    }

    /// What can only be checked once all fields are read.
    fn finish(&mut self, _reader: &mut Reader<'_>) {}
}

/// Reads a table field by field.
pub(crate) fn read_table<T: Table>(table: &DeTable<'_>, reader: &mut Reader<'_>) -> T {
    let mut read = T::default();
    for (key, value) in table {
        if !read.read_field(key.get_ref(), value, reader) && !read.read_unknown(key, value, reader)
        {
            unknown_key(T::WHAT, key, T::fields, reader);
        }
    }
    read.finish(reader);
    read
}

/// Declares a table: what it is, and its documented fields. `= "key"` names a field whose key is no
/// Rust name; `..name: Type` takes in the fields of another table; the words after `with` are
/// [`Table`]'s other functions.
macro_rules! fields {
    (
        $(#[$meta:meta])*
        struct $name:ident as $what:literal {
            $( $(#[doc = $doc:literal])+ $field:ident $(= $key:literal)? : $kind:ty, )*
            $( ..$flat:ident : $table:ty, )?
        }
        $( with { $($other:tt)* } )?
    ) => {
        $(#[$meta])*
        #[derive(Debug, Default)]
        pub(crate) struct $name {
            $( $(#[doc = $doc])+ pub(crate) $field: $crate::desired::reader::field::Field<$kind>, )*
            $( pub(crate) $flat: $table, )?
        }

        impl $crate::desired::reader::field::Table for $name {
            const WHAT: &'static str = $what;

            fn fields() -> Vec<$crate::desired::schema::fields::FieldDoc> {
                let fields = vec![$( $crate::desired::schema::fields::FieldDoc {
                    name: fields!(@key $field $($key)?),
                    doc: concat!($($doc),+).trim_ascii(),
                    schema: <$kind as $crate::desired::reader::field::Read>::schema,
                }, )*];
                $( let fields = [fields, <$table as $crate::desired::reader::field::Table>::fields()].concat(); )?
                fields
            }

            fn read_field(
                &mut self,
                key: &str,
                value: &$crate::desired::reader::file::Value<'_>,
                reader: &mut $crate::desired::reader::file::Reader<'_>,
            ) -> bool {
                $( if key == fields!(@key $field $($key)?) {
                    let key = fields!(@key $field $($key)?);
                    self.$field = $crate::desired::reader::field::Field::read(key, value, reader);
                    return true;
                } )*
                $( if self.$flat.read_field(key, value, reader) { return true; } )?
                false
            }

            $( $($other)* )?
        }

        impl $crate::desired::reader::field::Read for $name {
            fn expected() -> String {
                "a table".to_owned()
            }

            fn schema(schemas: &mut $crate::desired::schema::definitions::Schemas) -> serde_json::Value {
                let fields = <Self as $crate::desired::reader::field::Table>::fields();
                $crate::desired::schema::fields::table_schema(&fields, schemas)
            }

            fn read(
                value: &$crate::desired::reader::file::Value<'_>,
                reader: &mut $crate::desired::reader::file::Reader<'_>,
            ) -> Option<Self> {
                let table = reader.table(value)?;
                Some($crate::desired::reader::field::read_table(table, reader))
            }
        }
    };
    (@key $field:ident) => { stringify!($field) };
    (@key $field:ident $key:literal) => { $key };
}
pub(crate) use fields;
