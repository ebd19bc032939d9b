namespace SmartProxy.Drill;

/// <summary>What a hostile seller does with a payment. Whatever it is, it has the signature and keeps it.</summary>
internal enum SellerConduct
{
    /// <summary>Takes the money and delivers, as all sellers do at first.</summary>
    Deliver,

    /// <summary>Keeps the signature and asks again.</summary>
    AskAgain,

    /// <summary>… for more.</summary>
    AskDearer,

    /// <summary>… for somebody else.</summary>
    AskForAnother,

    /// <summary>Says that it failed, and settles later.</summary>
    SayFailed,

    /// <summary>Says that it settled, and settles later.</summary>
    SaySettled,

    /// <summary>Settles, and answers with an error.</summary>
    TakeAndFail,

    /// <summary>Answers with an error.</summary>
    Fail,

    /// <summary>Delivers and says nothing of money.</summary>
    SayNothing,

    /// <summary>Delivers half of it.</summary>
    BreakOff,

    /// <summary>Breaks the connection.</summary>
    Reset,
}
