<?xml version='1.0' encoding='UTF-8'?>
<esdl:EnergySystem xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:esdl="http://www.tno.nl/esdl" id="system" name="one house">
  <instance id="instance">
    <area id="area">
      <asset xsi:type="esdl:PVInstallation" id="pv" name="roof" power="4000.0">
        <costInformation>
          <investmentCosts xsi:type="esdl:SingleValue" id="costs" value="1.0">
            <profileQuantityAndUnit xsi:type="esdl:QuantityAndUnitType" id="euro"/>
          </investmentCosts>
          <installationCosts xsi:type="esdl:SingleValue" id="work" value="2.0">
            <profileQuantityAndUnit xsi:type="esdl:QuantityAndUnitType" id="euro"/>
          </installationCosts>
        </costInformation>
      </asset>
    </area>
  </instance>
</esdl:EnergySystem>
