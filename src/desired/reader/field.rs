//! Tables of both kinds of files: one documented list of fields defines the struct, its reader, the
//! messages about unknown keys, and the fields of the JSON Schema.

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
    /// The table does not set it.
    #[default]
    Absent,
    /// Invalid, which has been reported: consequences are not reported.
    Bad,
    /// Valid. Boxed, because most tables set few of their fields.
    Given(Box<Given<T>>),
}

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Given<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
}

impl<T> Field<T> {
    /// Returns the value with its place, if set and valid.
    pub(crate) fn given(&self) -> Option<&Given<T>> {
        match self {
            Field::Given(given) => Some(given),
            Field::Absent | Field::Bad => None,
        }
    }

    /// Returns the value, if set and valid.
    pub(crate) fn value(&self) -> Option<&T> {
        self.given().map(|given| &given.value)
    }

    /// Returns the value mutably, if set and valid.
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
    /// Reads the field with this key.
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

/// A type that a TOML value can be read as.
pub(crate) trait Read: Sized {
    /// Returns what is expected, with its article: "a whole number".
    fn expected() -> String;

    /// Returns the JSON Schema of such a value.
    fn schema(schemas: &mut Schemas) -> Json;

    /// Reads a value. `None` if it is invalid, which has been reported to the reader.
    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self>;
}

/// A table with known fields.
pub(crate) trait Table: Default {
    /// The name of the table with its article: "a topic".
    const WHAT: &'static str;

    /// Returns the fields in documentation order.
    fn fields() -> Vec<FieldDoc>;

    /// Reads the field with this key; `false` if the table has none.
    fn read_field(&mut self, key: &str, value: &Value<'_>, reader: &mut Reader<'_>) -> bool;

    /// Reports an unknown key with a specific message; `false` for the general one.
    fn read_unknown(
        &mut self,
        _key: &Key<'_>,
        _value: &Value<'_>,
        _reader: &mut Reader<'_>,
    ) -> bool {
        false
    }

    /// Runs the checks that need all fields.
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

/// Declares a table: its name, and its documented fields. `= "key"` sets a key that is not a Rust
/// identifier; `..name: Type` includes the fields of another table; the functions after `with`
/// override those of [`Table`].
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
